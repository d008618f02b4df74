package archtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"leasehold/pkg/names"
)

// sizeLimit bounds a function's binary: what it carries is what a cold start reads. The
// policies for delegated roles, and what reads them, are some 1.2 MiB of it. From 1.80.0 on the
// client of SSM carries the schemas of all its calls, 0.9 MiB more: it stays below that.
const sizeLimit = 14 << 20

func checkSize(function string, bytes int64) (complaints []string) {
	if bytes > sizeLimit {
		complaints = append(complaints, fmt.Sprintf("%s is %.1f MiB, the limit is %d", function, float64(bytes)/(1<<20), sizeLimit>>20))
	}
	return complaints
}

// TestFunctionsAreSmall builds each function as it is deployed on AWS.
func TestFunctionsAreSmall(t *testing.T) {
	dist := t.TempDir()
	for _, f := range names.Functions {
		bootstrap := filepath.Join(dist, f.ID)
		build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-gcflags=all=-l", "-ldflags", "-s -w", "-o", bootstrap, "./functions/"+f.ID)
		build.Dir = root
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("build %s: %v\n%s", f.ID, err, strings.TrimSpace(string(out)))
			continue
		}

		info, err := os.Stat(bootstrap)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.1f MiB", f.ID, float64(info.Size())/(1<<20))
		for _, complaint := range checkSize(f.ID, info.Size()) {
			t.Error(complaint)
		}
	}
}

func TestSizeRule(t *testing.T) {
	expect(t, checkSize("deliver", sizeLimit), "")
	expect(t, checkSize("deliver", sizeLimit+1), "deliver is 14.0 MiB")
}
