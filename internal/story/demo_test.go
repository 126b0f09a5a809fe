package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var (
	chrome    context.Context   // the one browser; a person is a window with own cookies
	site      string            // of the demonstration, without a slash at the end
	folder    string            // of the demonstration's data
	tools     string            // folder of the programs under test
	downloads string            // where browsers put files
	caller    string            // number of the customer whom the stories are about
	history   map[string]string // what that customer answers, by the kind of question
	others    []customer        // more customers: one is sent ten links in ten minutes at most
	company   string            // whose customers call
	clientKey string            // of the exchange's client of the API
	program   = "amanah"        // that runs the demonstration
	stop      func()            // ends the demonstration
	principal customer          // for whom an attorney may speak
	idp       *provider         // where the company's staff can sign in
	without   string            // why there is no browser
	filter    string            // where the demonstration waits for a Postfix
	asked     string            // where it waits for a Squid
)

// customer is somebody who may call.
type customer struct {
	Phone   string
	History map[string]string
}

const password = "melati-putih-di-tepi-danau"

func TestMain(m *testing.M) {
	code, err := stage(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "story:", err)
		code = 1
	}
	os.Exit(code)
}

// stage builds the programs and starts the demonstration and the browser, if there is one.
func stage(m *testing.M) (code int, err error) {
	path := os.Getenv("AMANAH_TEST_CHROMIUM")
	if path == "" {
		without = "no browser: set AMANAH_TEST_CHROMIUM to the path of a Chromium (scripts/chromium prints one)"
		return m.Run(), nil
	}
	tools, err = os.MkdirTemp("", "amanah-story-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(tools) }()
	folder, downloads = filepath.Join(tools, "demo"), filepath.Join(tools, "downloads")
	build := exec.Command("go", "build", "-o", tools+string(filepath.Separator), "../../cmd/...")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("go build: %w: %s", err, out)
	}
	if idp, err = openProvider(); err != nil {
		return 1, err
	}
	defer idp.server.Close()
	address, err := free()
	if err != nil {
		return 1, err
	}
	if filter, err = free(); err != nil {
		return 1, err
	}
	if asked, err = free(); err != nil {
		return 1, err
	}
	if err := demonstrate(address); err != nil {
		return 1, err
	}
	defer func() { stop() }()

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 720),
		chromedp.Flag("lang", "id"), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost"))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	var closing context.CancelFunc
	chrome, closing = chromedp.NewContext(allocator)
	defer closing()
	if err := chromedp.Do(chrome); err != nil {
		return 1, fmt.Errorf("chromium: %w", err)
	}
	return m.Run(), nil
}

func needsBrowser(t *testing.T) {
	t.Helper()
	if without != "" {
		t.Skip(without)
	}
}

// free is an address that nobody listens at.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // only to learn a free port
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// demonstrate runs `amanah demo` until it is stopped.
func demonstrate(address string) error {
	demo := exec.Command(filepath.Join(tools, program), "demo", "--data", folder, "--listen", address)
	demo.Stderr, demo.Env = os.Stderr, append(environment(), "AMANAH_TELEPHONY_ALLOW=127.0.0.1", "AMANAH_MAIL_LISTEN="+filter, "AMANAH_MAIL_DOMAINS=niaga.example=niaga", "AMANAH_ICAP_LISTEN="+asked,
		"AMANAH_OIDC_ISSUER="+idp.issuer, "AMANAH_OIDC_NAME=Penyedia Kantor", "AMANAH_OIDC_CLIENT_ID="+providerClient, "AMANAH_OIDC_CLIENT_SECRET="+providerPassword, "AMANAH_OIDC_SECOND_FACTOR_AMR=otp")
	if err := demo.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- demo.Wait() }()
	stop = func() {
		_ = demo.Process.Signal(syscall.SIGTERM)
		<-ended
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		select {
		case err := <-ended:
			return fmt.Errorf("the demonstration ended: %w", err)
		default:
		}
		if time.Now().After(end) {
			stop()
			return errors.New("the demonstration did not come up")
		}
		text, err := os.ReadFile(filepath.Join(folder, "demo.json"))
		var state struct {
			URL, Caller, Controller string
			Person                  customer
			ClientKey               string `json:"client_key"`
			Others                  []customer
			Represented             customer
		}
		if err != nil || json.Unmarshal(text, &state) != nil {
			continue
		}
		answer, err := http.Get(state.URL + "/readyz") //nolint:noctx // a test's own server
		if err != nil {
			continue
		}
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			if site == "" { // later, whose turn it is goes on
				site, caller, history, others = state.URL, state.Caller, state.Person.History, state.Others
				company, clientKey, principal = state.Controller, state.ClientKey, state.Represented
			}
			return nil
		}
	}
}

// environment is this test's, without the settings of Amanah's own: the program refuses those it does not know.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AMANAH_") })
}

// runs a program of ours and returns what it prints.
func runs(t *testing.T, name string, args ...string) string {
	t.Helper()
	command := exec.Command(filepath.Join(tools, name), args...)
	command.Env = environment()
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
