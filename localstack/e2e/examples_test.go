package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
)

// examplesPage is the page whose commands are typed here.
const examplesPage = "../../pkg/graph/EXAMPLES.md"

var (
	examplesSection = regexp.MustCompile(`(?m)^## (\d+)\. `)
	examplesBlock   = regexp.MustCompile("(?s)```sh\n(.*?)```")
	promisedStatus  = regexp.MustCompile(`(?m) # (\d{3})$`)
)

// typist stands before what is typed: tokens come from this stack, and the status of each
// answer is written down.
const typist = `set -eo pipefail
make() { local name="TOKEN_${3#AS=}"; printf %s "${!name}"; }
curl() {
  local failed=0
  command curl --show-error --max-time 30 --dump-header head "$@" || failed=$?
  head -1 head | cut -d' ' -f2 >>statuses
  return $failed
}
`

// The page of examples is typed into one shell, block by block, and each answer has the status
// that stands behind its command. Each of the article's lines is there, with commands or
// with the sentence that it is not built.
func TestStory_TheExamplesByCurlDoWhatThePageSays(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("there is no %s here, with which the page calls the API", tool)
		}
	}
	content, err := os.ReadFile(examplesPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	checkLines(t, page)

	// What a reader has in the folder of the checkout.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".local"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".local", "env"), []byte("LEASEHOLD_URL="+stack.URL+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script, blocks := typist, examplesBlock.FindAllStringSubmatch(page, -1)
	for i, block := range blocks {
		script += fmt.Sprintf("echo 'block %d' | tee -a statuses\n%s\necho\n", i, block[1])
	}

	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, os.Environ(), 10*time.Second
	for _, as := range []string{components.Admin, components.Owner, components.Approver} {
		cmd.Env = append(cmd.Env, "TOKEN_"+as+"="+token(t, as))
	}
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v; the last that was said:\n%s", err, said[max(0, len(said)-4000):])
	}
	noted, err := os.ReadFile(filepath.Join(dir, "statuses"))
	if err != nil {
		t.Fatal(err)
	}
	compareStatuses(t, blocks, string(noted))
}

// compareStatuses compares what was answered with what stands behind the commands.
func compareStatuses(t *testing.T, blocks [][]string, noted string) {
	t.Helper()
	answered := strings.Split(noted, "block ")[1:]
	if len(answered) != len(blocks) {
		t.Errorf("%d of %d blocks were begun", len(answered), len(blocks))
	}
	commands := 0
	for i, of := range answered {
		var want []string
		for _, promised := range promisedStatus.FindAllStringSubmatch(blocks[i][1], -1) {
			want = append(want, promised[1])
		}
		if got := strings.Fields(of)[1:]; !slices.Equal(got, want) {
			t.Errorf("answers have the statuses %v, the page says %v, in:\n%s", got, want, blocks[i][1])
		}
		commands += len(want)
	}
	t.Logf("%d commands in %d blocks", commands, len(blocks))
}

// checkLines looks for the fifteen lines of the article, in their order.
func checkLines(t *testing.T, page string) {
	t.Helper()
	at := examplesSection.FindAllStringSubmatchIndex(page, -1)
	for i, found := range at {
		end := len(page)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		if number := page[found[2]:found[3]]; number != fmt.Sprint(i+1) {
			t.Errorf("line %s stands in the place of %d", number, i+1)
		}
		if text := page[found[0]:end]; !strings.Contains(text, "```sh") && !strings.Contains(text, "Not built yet: ") {
			t.Errorf("line %d has no command, and does not say that it is not built", i+1)
		}
	}
	if len(at) != 15 {
		t.Errorf("the page has %d lines of the article, want 15", len(at))
	}
}
