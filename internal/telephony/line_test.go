package telephony

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

const (
	toko  = "ctl_00000000000000000000000001"
	other = "ctl_00000000000000000000000002"
)

// keys is a keyring for tests.
type keys struct{}

func (keys) MAC(name string, value []byte) []byte {
	return keyring.Sum([]byte("mac "+name), value)[:16]
}

func (keys) Secret(name string) ([]byte, error) {
	return keyring.Sum([]byte("secret"), []byte(name)), nil
}

// journal is a log for tests.
type journal struct {
	mu      sync.Mutex
	entries []audit.Entry
}

func (j *journal) Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error) {
	tx.AfterCommit(func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.entries = append(j.entries, e)
	})
	return &audit.Pending{}, nil
}

func (j *journal) take() (out []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		out = append(out, strings.TrimSpace(e.Action+" "+string(e.Decision)+" "+e.Reason))
	}
	j.entries = nil
	return out
}

// intake takes events in place of package interaction, once each.
type intake struct {
	mu     sync.Mutex
	events []interaction.Event
	seen   map[string]bool
	broken error
	doubts []string
	taken  chan struct{} // told of each event, when set
}

func (i *intake) take(from string, e interaction.Event) (interaction.Received, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.broken != nil {
		return interaction.Received{}, i.broken
	}
	r := interaction.Received{Interaction: "itx_00000000000000000000000001", Outcome: interaction.Applied}
	if i.seen[from+e.Source+e.ID] {
		r.Outcome = interaction.Duplicate
		return r, nil
	}
	i.seen[from+e.Source+e.ID] = true
	i.events = append(i.events, e)
	if i.taken != nil {
		i.taken <- struct{}{}
	}
	return r, nil
}

func (i *intake) Receive(_ context.Context, a actor.Actor, e interaction.Event) (interaction.Received, error) {
	return i.take(a.ClientID(), e)
}

func (i *intake) Relay(_ context.Context, _ actor.Actor, from interaction.Line, e interaction.Event) (interaction.Received, error) {
	return i.take(from.Name, e)
}

func (i *intake) Doubt(_ context.Context, _ actor.Actor, controller string) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.doubts = append(i.doubts, controller)
	return 0, nil
}

type room struct {
	*Service
	t      *testing.T
	d      *db.DB
	log    *journal
	intake *intake
	admin  actor.Actor
	agent  actor.Actor
	client actor.Actor
}

func newRoom(t *testing.T, d *db.DB, change func(*Options)) *room {
	t.Helper()
	r := &room{t: t, d: d, log: &journal{}, intake: &intake{seen: map[string]bool{}}}
	r.admin = actor.NewStaff("stf_00000000000000000000000001", actor.Admin, "ses_00000000000000000000000001", nil, d.Now())
	r.agent = actor.NewStaff("stf_00000000000000000000000002", actor.Agent, "ses_00000000000000000000000002", []string{toko}, d.Now())
	r.client = actor.NewClient("cli_00000000000000000000000001", []string{"events"}, []string{toko})
	o := Options{
		DB: d, Log: r.log, Keys: keys{}, Intake: r.intake, Mappings: library(t), Duty: actor.NewDuty(interaction.RelayDuty), Address: "https://amanah.example",
		Seal: interaction.StaffSeal{
			Seal: func(_, _, row string, plain []byte) ([]byte, error) {
				return []byte(row + base64.StdEncoding.EncodeToString(plain)), nil
			},
			Open: func(_, _, row string, sealed []byte) ([]byte, error) {
				return base64.StdEncoding.DecodeString(strings.TrimPrefix(string(sealed), row))
			},
		},
		Inspect:     func(context.Context, string, string) error { return nil },
		Controllers: func(context.Context) ([]Controller, error) { return []Controller{{toko, "Toko"}, {other, "Lain"}}, nil },
	}
	if change != nil {
		change(&o)
	}
	var err error
	if r.Service, err = New(o); err != nil {
		t.Fatal(err)
	}
	return r
}

// each runs a test on both engines with a clock that the test moves.
func each(t *testing.T, change func(*Options), test func(t *testing.T, r *room, clock *time.Time)) {
	t.Helper()
	open := func(t *testing.T, o db.Options) {
		clock := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
		var mu sync.Mutex
		o.Clock = func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
		test(t, newRoom(t, dbtest.OpenWith(t, o, Schema(), jobs.Schema()), change), &clock)
	}
	t.Run("sqlite", func(t *testing.T) { open(t, db.Options{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { open(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}

func (r *room) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) refused(err error, code string) {
	r.t.Helper()
	if err == nil || errs.Of(err).Code != code {
		r.t.Fatalf("got %v, want %s", err, code)
	}
}

// line makes a line and reads its key.
func (r *room) line(n NewLine) (lineID, key string) {
	r.t.Helper()
	lineID, err := r.AddLine(r.t.Context(), r.admin, n)
	r.ok(err)
	_, key, err = r.Line(r.t.Context(), r.admin, lineID)
	r.ok(err)
	r.log.take()
	return lineID, key
}

// sign is what a sender does, written apart from the code under test.
func sign(key string, at time.Time, body string) http.Header {
	t := strconv.FormatInt(at.Unix(), 10)
	return http.Header{"Content-Type": {"application/cloudevents+json"}, SignatureHeader: {"t=" + t + ",v1=" + hex.EncodeToString(keyring.Sum([]byte(key), []byte(t+"."+body)))}}
}

func ring(n int) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"e%d","source":"pbx","type":"contact.offered","subject":"c%d","sequence":1,"data":{"from":"0899000%d"}}`, n, n, n)
}

func TestASignedRequestIsTakenOnceAndInTime(t *testing.T) {
	each(t, nil, func(t *testing.T, r *room, clock *time.Time) {
		ctx := t.Context()
		lineID, key := r.line(NewLine{Controller: toko, Signing: Signed})
		good := sign(key, *clock, ring(1))
		got, err := r.Take(ctx, lineID, good, []byte(ring(1)))
		r.ok(err)
		if len(got) != 1 || len(r.intake.events) != 1 || r.intake.events[0].Contact != "c1" {
			t.Fatalf("%+v %+v", got, r.intake.events)
		}
		_, err = r.Take(ctx, lineID, good, []byte(ring(1)))
		r.refused(err, "telephony.replayed")
		// The same event, sent anew: a duplicate, and no fault of the sender.
		got, err = r.Take(ctx, lineID, sign(key, clock.Add(time.Second), ring(1)), []byte(ring(1)))
		r.ok(err)
		if got[0].Outcome != interaction.Duplicate || len(r.intake.events) != 1 {
			t.Fatalf("%+v", got)
		}
		for name, c := range map[string]struct {
			h    http.Header
			body string
			code string
		}{
			"no signature":          {http.Header{"Content-Type": {"application/json"}}, ring(2), "telephony.signature"},
			"another key":           {sign("guessed", *clock, ring(2)), ring(2), "telephony.signature"},
			"another body":          {sign(key, *clock, ring(2)), ring(3), "telephony.signature"},
			"too old":               {sign(key, clock.Add(-Window), ring(2)), ring(2), "telephony.stale"},
			"from the future":       {sign(key, clock.Add(Window), ring(2)), ring(2), "telephony.stale"},
			"signed, but no event":  {sign(key, *clock, `{"specversion":"1.0","id":"0812CANARY"}`), `{"specversion":"1.0","id":"0812CANARY"}`, "interaction.event_malformed"},
			"signed, but no JSON":   {sign(key, *clock, "CANARY"), "CANARY", "telephony.document"},
			"signed, but no UTF-8":  {sign(key, *clock, "\"\xff\""), "\"\xff\"", "telephony.document"},
			"a time without number": {http.Header{SignatureHeader: {"t=x,v1=" + strings.Repeat("a", 64)}}, ring(2), "telephony.signature"},
			"two times":             {http.Header{SignatureHeader: {"t=1,t=1,v1=" + strings.Repeat("a", 64)}}, ring(2), "telephony.signature"},
			"no equals sign":        {http.Header{SignatureHeader: {"t"}}, ring(2), "telephony.signature"},
			"too many sums":         {http.Header{SignatureHeader: {"t=1" + strings.Repeat(",v1="+strings.Repeat("a", 64), 5)}}, ring(2), "telephony.signature"},
			"without end":           {http.Header{SignatureHeader: {strings.Repeat("t", 600)}}, ring(2), "telephony.signature"},
		} {
			_, err := r.Take(ctx, lineID, c.h, []byte(c.body))
			if errs.Of(err).Code != c.code || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
		if len(r.intake.events) != 1 {
			t.Fatalf("%d events", len(r.intake.events))
		}
		_, err = r.Take(ctx, "lin_00000000000000000000000000", good, []byte(ring(1)))
		r.refused(err, "telephony.unknown")
		_, err = r.Take(ctx, "x", good, nil)
		r.refused(err, "telephony.unknown")
		// Refusals are counted, and entered once a minute for each reason in a row.
		lines, err := r.Lines(ctx, r.admin)
		r.ok(err)
		if lines[0].Refused != 14 {
			t.Fatalf("%d refused", lines[0].Refused)
		}
		r.log.take()
		*clock = clock.Add(2 * time.Minute)
		for range 50 {
			_, err = r.Take(ctx, lineID, http.Header{}, nil)
			r.refused(err, "telephony.signature")
		}
		if log := r.log.take(); !slices.Equal(log, []string{"telephony.refused denied telephony.signature"}) {
			t.Fatalf("%v", log)
		}
	})
}

func TestWhatTheHouseCouldNotTakeMayBeSentAgainAsItIs(t *testing.T) {
	each(t, nil, func(t *testing.T, r *room, clock *time.Time) {
		lineID, key := r.line(NewLine{Controller: toko, Signing: Signed})
		h := sign(key, *clock, "["+ring(1)+","+ring(2)+"]")
		r.intake.broken = errs.New(errs.Unavailable, "db.gone")
		_, err := r.Take(t.Context(), lineID, h, []byte("["+ring(1)+","+ring(2)+"]"))
		r.refused(err, "db.gone")
		r.intake.broken = nil
		got, err := r.Take(t.Context(), lineID, h, []byte("["+ring(1)+","+ring(2)+"]"))
		r.ok(err)
		if len(got) != 2 || len(r.intake.events) != 2 {
			t.Fatalf("%+v", got)
		}
		if log := r.log.take(); len(log) != 0 {
			t.Fatalf("our own failure is no refusal: %v", log)
		}
	})
}

func TestAnOldKeyIsGoodForADayAfterTheNewOne(t *testing.T) {
	each(t, nil, func(t *testing.T, r *room, clock *time.Time) {
		ctx := t.Context()
		lineID, old := r.line(NewLine{Controller: toko, Signing: Signed})
		r.ok(r.RotateLine(ctx, r.admin, lineID))
		l, key, err := r.Line(ctx, r.admin, lineID)
		r.ok(err)
		if key == old || !l.Previous.Equal(clock.Add(RotationTime)) {
			t.Fatalf("%+v", l)
		}
		for i, k := range []string{old, key} {
			_, err := r.Take(ctx, lineID, sign(k, *clock, ring(i)), []byte(ring(i)))
			r.ok(err)
		}
		*clock = clock.Add(RotationTime)
		_, err = r.Take(ctx, lineID, sign(old, *clock, ring(3)), []byte(ring(3)))
		r.refused(err, "telephony.signature")
		_, err = r.Take(ctx, lineID, sign(key, *clock, ring(3)), []byte(ring(3)))
		r.ok(err)
		r.ok(r.RemoveLine(ctx, r.admin, lineID))
		_, err = r.Take(ctx, lineID, sign(key, *clock, ring(4)), []byte(ring(4)))
		r.refused(err, "telephony.unknown")
		r.refused(r.RemoveLine(ctx, r.admin, lineID), "telephony.unknown")
		if log := r.log.take(); !slices.Equal(log, []string{"telephony.line_key done", "telephony.key_shown done", "telephony.refused denied telephony.signature", "telephony.line_removed done"}) {
			t.Fatalf("%v", log)
		}
	})
}

// The signature as Twilio describes it: the address, then each field with its value, sorted.
func TestALineOfTwilioTakesWhatTwilioSigns(t *testing.T) {
	each(t, nil, func(t *testing.T, r *room, _ *time.Time) {
		ctx := t.Context()
		const token = "a-token-of-twilio"
		lineID, key := r.line(NewLine{Controller: toko, Mapping: "twilio-voice", Signing: Twilio, Token: token})
		if key != "" {
			t.Fatal("the token is shown")
		}
		form := url.Values{"CallSid": {"CA1"}, "CallStatus": {"ringing"}, "From": {"+628990000001"}, "Timestamp": {"Mon, 23 Nov 2026 03:00:00 +0000"}, "SequenceNumber": {"0"}}
		text := "https://amanah.example/telephony/lines/" + lineID + "CallSidCA1CallStatusringingFrom+628990000001SequenceNumber0TimestampMon, 23 Nov 2026 03:00:00 +0000"
		h := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=UTF-8"}, "X-Twilio-Signature": {base64.StdEncoding.EncodeToString(keyring.LegacySum([]byte(token), []byte(text)))}}
		_, err := r.Take(ctx, lineID, h, []byte(form.Encode()))
		r.ok(err)
		if len(r.intake.events) != 1 || r.intake.events[0].Data.From != "+628990000001" {
			t.Fatalf("%+v", r.intake.events)
		}
		_, err = r.Take(ctx, lineID, h, []byte(form.Encode()))
		r.refused(err, "telephony.replayed")
		form.Set("CallStatus", "completed")
		_, err = r.Take(ctx, lineID, h, []byte(form.Encode()))
		r.refused(err, "telephony.signature")
		_, err = r.Take(ctx, lineID, h, []byte("%zz"))
		r.refused(err, "telephony.signature")
		r.refused(r.RotateLine(ctx, r.admin, lineID), "telephony.form")
	})
}

func TestOnlyAnAdministratorLooksAfterLinesAndHooks(t *testing.T) {
	each(t, nil, func(t *testing.T, r *room, _ *time.Time) {
		ctx := t.Context()
		lineID, _ := r.line(NewLine{Controller: toko, Signing: Signed})
		hookID, err := r.AddHook(ctx, r.admin, toko, "https://crm.example/amanah")
		r.ok(err)
		r.log.take()
		for _, who := range []actor.Actor{{}, r.agent, r.client} {
			for _, do := range []func() error{
				func() error { _, err := r.AddLine(ctx, who, NewLine{Controller: toko, Signing: Signed}); return err },
				func() error { return r.RotateLine(ctx, who, lineID) },
				func() error { return r.RemoveLine(ctx, who, lineID) },
				func() error { _, _, err := r.Line(ctx, who, lineID); return err },
				func() error { _, err := r.Lines(ctx, who); return err },
				func() error { _, err := r.AddHook(ctx, who, toko, "https://crm.example/a"); return err },
				func() error { return r.RotateHook(ctx, who, hookID) },
				func() error { return r.RemoveHook(ctx, who, hookID) },
				func() error { _, _, err := r.Hook(ctx, who, hookID); return err },
				func() error { _, err := r.Hooks(ctx, who); return err },
			} {
				r.refused(do(), "telephony.not_allowed")
			}
		}
		for name, n := range map[string]NewLine{
			"no company": {Controller: "x", Signing: Signed}, "no signing": {Controller: toko}, "a token too many": {Controller: toko, Signing: Signed, Token: "x"},
			"no token": {Controller: toko, Signing: Twilio, Mapping: "twilio-voice"}, "no mapping": {Controller: toko, Signing: Twilio, Token: "x"},
		} {
			_, err := r.AddLine(ctx, r.admin, n)
			if errs.Of(err).Code != "telephony.form" {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err = r.AddLine(ctx, r.admin, NewLine{Controller: toko, Signing: Signed, Mapping: "none"})
		r.refused(err, "telephony.mapping_unknown")
		if log := r.log.take(); len(log) != 0 {
			t.Fatalf("%v", log)
		}
	})
}

func TestTheFormsAndTheEndpointsUseTheSameVerbs(t *testing.T) {
	clock := time.Date(2026, 11, 23, 8, 4, 5, 0, time.UTC)
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: func() time.Time { return clock }}, Schema(), web.Schema(), jobs.Schema())
	r := newRoom(t, d, nil)
	desk := webtest.New(t, func(o *web.Options) {
		o.DB, o.Clock = d, func() time.Time { return clock }
		o.AddressLimit = web.Limits{Rate: 1, Burst: 3}
	}, r.Module(), web.Module{Name: "pbx"}, web.Module{Name: "keyring"}, web.Module{Name: "interaction"})
	desk.Actor("admin", r.admin)
	desk.Actor("pbx", r.client)
	form := func(path, body string) (int, string) {
		t.Helper()
		w := desk.Do("admin", "POST", path, body, "Content-Type", "application/x-www-form-urlencoded")
		return w.Code, w.Header().Get("Location") + w.Body.String()
	}
	code, lineAt := form("/telephony/lines", "controller="+toko+"&signing=signed&mapping=")
	if code != 303 || !strings.HasPrefix(lineAt, "/telephony/lines/lin_") {
		t.Fatalf("%d %s", code, lineAt)
	}
	code, hookAt := form("/telephony/hooks", "controller="+toko+"&address="+url.QueryEscape("https://crm.example/a"))
	if code != 303 || !strings.HasPrefix(hookAt, "/telephony/hooks/hok_") {
		t.Fatalf("%d %s", code, hookAt)
	}
	for body, path := range map[string]string{"controller=" + toko + "&signing=twilio&mapping=": "/telephony/lines", "controller=" + toko + "&address=ftp%3A%2F%2Fx": "/telephony/hooks"} {
		if code, answer := form(path, body); code != 400 && code != 422 || !strings.Contains(answer, "<form") {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, _ := form("/telephony/lines", "controller="+toko+"&signing=none"); code != 400 && code != 422 {
		t.Errorf("%d", code)
	}
	for _, at := range []string{"/telephony", lineAt, hookAt} {
		if w := desk.Do("admin", "GET", at, ""); w.Code != 200 {
			t.Errorf("%s: %d %s", at, w.Code, w.Body)
		}
	}
	_, key, err := r.Line(t.Context(), r.admin, strings.TrimPrefix(lineAt, "/telephony/lines/"))
	r.ok(err)
	// A flood on a line, by nobody known: slowed down, and what comes back later is taken.
	slowed := 0
	for n := range 8 {
		for {
			h := sign(key, clock, ring(n))
			w := desk.Do("", "POST", lineAt, ring(n), "Content-Type", h.Get("Content-Type"), SignatureHeader, h.Get(SignatureHeader))
			if w.Code == 204 {
				break
			}
			if w.Code != 429 || w.Header().Get("Retry-After") == "" || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			slowed++
			clock = clock.Add(time.Second)
		}
	}
	if len(r.intake.events) != 8 || slowed == 0 {
		t.Fatalf("%d events, slowed %d times", len(r.intake.events), slowed)
	}
	clock = clock.Add(time.Minute)
	// A machine is told in a machine's words, whatever it says that it accepts.
	for _, accept := range []string{"", "*/*", "text/html"} {
		for at, want := range map[string]struct {
			status int
			code   string
		}{lineAt: {401, "telephony.signature"}, "/telephony/lines/lin_00000000000000000000000000": {404, "telephony.unknown"}} {
			w := desk.Do("", "POST", at, ring(1), "Content-Type", "application/json", "Accept", accept)
			var problem web.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || w.Code != want.status || problem.Code != want.code || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("Accept %q: %d %s %v", accept, w.Code, w.Body, err)
			}
			clock = clock.Add(time.Second)
		}
	}
	post := func(path, body string) (int, string) {
		t.Helper()
		w := desk.Do("pbx", "POST", "/api/v1/telephony"+path, body, "Content-Type", "application/json")
		return w.Code, w.Body.String()
	}
	if code, body := post("/mappings/twilio-voice/events", `{"CallSid":"CA9","CallStatus":"ringing","Timestamp":"Mon, 23 Nov 2026 03:00:00 +0000"}`); code != 202 || !strings.Contains(body, `"applied"`) {
		t.Errorf("%d %s", code, body)
	}
	if code, body := post("/mappings/twilio-voice/events", `{"CallSid":"CA9","CallStatus":"ringing","Timestamp":"CANARY"}`); code != 400 && code != 422 || strings.Contains(body, "CANARY") {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := post("/mappings/none/events", `{}`); code != 404 {
		t.Errorf("%d", code)
	}
	if code, _ := post("/deliveries/evt_00000000000000000000000000/replay", ``); code != 404 {
		t.Errorf("%d", code)
	}
	if w := desk.Do("pbx", "GET", "/api/v1/telephony/deliveries", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"items":[]`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, c := range []struct{ path, want string }{{lineAt + "/rotate", "/telephony"}, {hookAt + "/rotate", "/telephony"}, {lineAt + "/remove", "/telephony"}, {hookAt + "/remove", "/telephony"}} {
		if code, to := form(c.path, ""); code != 303 || to != c.want {
			t.Errorf("%s: %d %s", c.path, code, to)
		}
	}
	r.intake.broken = errors.New("broken")
	if code, _ := post("/mappings/twilio-voice/events", `{"CallSid":"CA8","CallStatus":"ringing","Timestamp":"Mon, 23 Nov 2026 03:00:00 +0000"}`); code != 500 {
		t.Errorf("%d", code)
	}
}
