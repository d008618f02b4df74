package components

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bare is a machine with a shell, make and what those need, and nothing else.
func bare(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	for _, tool := range []string{"sh", "make", "sed", "sort", "head", "mkdir", "timeout"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			continue
		}
		if err := os.Symlink(path, filepath.Join(dir, tool)); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"PATH=" + dir, "HOME=" + dir, "PYENV_ROOT=" + dir, "MAKEFLAGS="}
}

func TestWhereLocalStackCannotBeInstalledItIsSaidWhatIsMissingAndWhereToGetIt(t *testing.T) {
	for _, variable := range bare(t) {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	t.Setenv("PYTHON", "")

	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	err = PrepareLocalStack(t.Context(), Options{Root: root, Dir: t.TempDir()})
	if err == nil {
		t.Fatal("nothing is missing")
	}
	for _, wanted := range []string{
		"Python 3.13", "https://www.python.org/downloads",
		"Java is missing: version 17", "https://adoptium.net",
		"Maven is missing: version 3.6.3", "https://maven.apache.org",
	} {
		if !strings.Contains(err.Error(), wanted) {
			t.Errorf("%q is not in what is said:\n%v", wanted, err)
		}
	}
	if said := err.Error(); strings.Contains(said, "make") || strings.Contains(said, "exit status") {
		t.Errorf("more is said than what is missing:\n%s", said)
	}
}

func TestALocalStackThatIsNamedAndDoesNotAnswerIsNotReplacedByAnother(t *testing.T) {
	err := PrepareLocalStack(t.Context(), Options{Root: filepath.Join("..", ".."), Dir: t.TempDir(), Endpoint: "http://127.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "LOCALSTACK_ENDPOINT=http://127.0.0.1:1") {
		t.Errorf("got %v", err)
	}
}
