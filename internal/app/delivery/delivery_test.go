package delivery

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

var now = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

// server has decisions, and hears what was done.
type server struct {
	list    []client.DecidedText
	carried []string
	fails   error // saying that something was done
}

func (s *server) DecidedTexts(_ context.Context, way string) (out []client.DecidedText, err error) {
	for _, in := range s.list {
		if way == "mail" {
			out = append(out, in)
		}
	}
	return out, nil
}

func (s *server) CarriedOut(_ context.Context, incident string) error {
	if s.fails != nil {
		return s.fails
	}
	s.carried = append(s.carried, incident)
	for i, in := range s.list {
		if in.ID == incident {
			s.list = append(s.list[:i], s.list[i+1:]...)
			break
		}
	}
	return nil
}

// postfix is its programs with a queue of what is held.
type postfix struct {
	held  map[string]bool
	calls []string
	fails bool
}

func (p *postfix) run(_ context.Context, program string, args ...string) (string, error) {
	p.calls = append(p.calls, program+" "+strings.Join(args, " "))
	if program == "postconf" {
		return "MX1.toko.example\n", nil
	}
	if program != "postsuper" {
		return "", nil
	}
	if p.fails {
		return "postsuper: fatal: use of this command is reserved for the superuser", errors.New("exit status 1")
	}
	queue := strings.Fields(strings.TrimPrefix(strings.Join(args, " "), "-c /etc/pf "))[1]
	if !p.held[queue] {
		return "", nil
	}
	delete(p.held, queue)
	if strings.Contains(strings.Join(args, " "), "-H") {
		return "postsuper: " + queue + ": released from hold\npostsuper: Released from hold: 1 message\n", nil
	}
	return "postsuper: " + queue + ": removed\npostsuper: Deleted: 1 message\n", nil
}

func decided(id, ref, held string) client.DecidedText {
	return client.DecidedText{ID: id, Way: "mail", Ref: ref, Held: held, HeldAt: now.Add(-time.Hour)}
}

func TestWhatWasDecidedIsDoneOnTheMachineOfItsQueue(t *testing.T) {
	s := &server{list: []client.DecidedText{decided("lek_1", "mx1.toko.example/4b7Qx1", "released"), decided("lek_2", "mx1.toko.example/4b7Qx2", "refused"), decided("lek_3", "mx2.toko.example/4b7Qx3", "released"),
		decided("lek_4", "mx1.toko.example/ALL", "refused"), decided("lek_5", "", "refused"), decided("lek_6", "mx1.toko.example/4b7Qx6", "refused"), decided("lek_7", "mx1.toko.example/4b7Qx7", "waiting")}}
	p := &postfix{held: map[string]bool{"4b7Qx1": true, "4b7Qx2": true, "4b7Qx3": true, "ALL": true}}
	done, err := Once(t.Context(), Options{Server: s, Config: "/etc/pf", Clock: func() time.Time { return now }, Run: p.run})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Done{{"lek_1", "4b7Qx1", Released}, {"lek_2", "4b7Qx2", Deleted}, {"lek_6", "4b7Qx6", Absent}}, done); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"lek_1", "lek_2", "lek_6"}, s.carried); diff != "" {
		t.Error(diff)
	}
	want := []string{"postconf -c /etc/pf -h myhostname", "postsuper -c /etc/pf -H 4b7Qx1", "postqueue -c /etc/pf -i 4b7Qx1", "postsuper -c /etc/pf -d 4b7Qx2 hold", "postsuper -c /etc/pf -d 4b7Qx6 hold"}
	if diff := cmp.Diff(want, p.calls); diff != "" {
		t.Error(diff)
	}
}

// The program is killed, or the server goes away, between what it did and saying so.
func TestNothingIsLostBetweenDoingAndSaying(t *testing.T) {
	s := &server{list: []client.DecidedText{decided("lek_1", "mx1.toko.example/4b7Qx1", "released")}, fails: errors.New("gone")}
	p := &postfix{held: map[string]bool{"4b7Qx1": true}}
	o := Options{Server: s, Host: "mx1.toko.example", Clock: func() time.Time { return now }, Run: p.run}
	done, err := Once(t.Context(), o)
	if errs.CodeOf(err) != "app.mail_server" || len(done) != 1 || done[0].Outcome != Released {
		t.Errorf("%+v %v", done, err)
	}
	s.fails = nil
	done, err = Once(t.Context(), o)
	if err != nil || len(done) != 1 || done[0].Outcome != Absent || len(s.carried) != 1 {
		t.Errorf("%+v %v %v", done, s.carried, err)
	}
	if done, err = Once(t.Context(), o); err != nil || len(done) != 0 {
		t.Errorf("%+v %v", done, err)
	}
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	fresh := decided("lek_2", "mx1.toko.example/4b7Qx2", "refused")
	fresh.HeldAt = now.Add(-time.Minute) // its mail may not have reached the queue
	s := &server{list: []client.DecidedText{decided("lek_1", "mx1.toko.example/4b7Qx1", "released"), fresh}}
	p := &postfix{held: map[string]bool{"4b7Qx1": true}, fails: true}
	o := Options{Server: s, Host: "mx1.toko.example", Clock: func() time.Time { return now }, Run: p.run}
	done, err := Once(t.Context(), o)
	if err != nil || len(done) != 2 || done[0].Outcome != Failed || len(s.carried) != 0 {
		t.Errorf("%+v %v", done, err)
	}
	p.fails = false
	if done, err = Once(t.Context(), o); err != nil || len(done) != 1 || done[0].Outcome != Released || len(s.list) != 1 {
		t.Errorf("%+v %v", done, err)
	}
	p.held["4b7Qx2"] = true
	if done, err = Once(t.Context(), o); err != nil || len(done) != 1 || done[0].Outcome != Deleted {
		t.Errorf("%+v %v", done, err)
	}
}

// The key is taken from a file of its own that nobody else may read.
func TestAKeyThatOthersCanReadIsNotTaken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mail.key")
	if _, err := Key(file); errs.CodeOf(err) != "app.mail_file" {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte(" kunci-rekaan\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err := Key(file); err != nil || key != "kunci-rekaan" {
		t.Error(key, err)
	}
	if err := os.Chmod(file, 0o640); err != nil { //nolint:gosec // what is to be refused
		t.Fatal(err)
	}
	if key, err := Key(file); errs.CodeOf(err) != "app.mail_key_readable" || key != "" {
		t.Error(key, err)
	}
}
