package app

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/desk/act"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/supervision"
	"github.com/amanah-id/amanah/internal/telephony/recorder"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

const givenNIK = "3273014708870017"

// recorders is the room with another recorder than the demonstration's.
func (h *hands) recorders(use recorder.Use, r recorder.Recorder) *recorder.Service {
	return recorder.New(recorder.Options{DB: h.DB, Log: h.Audit, Interactions: h.Interactions, Seal: staffSeal(h.Keys), Use: use,
		Of: func(string) recorder.Recorder { return r }, Duty: actor.NewDuty(recorder.Duty)})
}

func (h *hands) capturing(itx string) bool {
	h.t.Helper()
	var f interaction.Facts
	h.must(h.DB.Read(h.t.Context(), func(tx *db.Tx) (err error) {
		f, err = h.Interactions.Facts(tx, itx)
		return err
	}))
	return f.State == interaction.Capture
}

func TestWhatMustNotBeRecordedIsTypedInACaptureAlone(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.first(1)
		refused := func(err error, code string) {
			t.Helper()
			if errs.CodeOf(err) != code {
				t.Errorf("got %v, want %s", err, code)
			}
		}
		_, err := h.Acts.Capture(ctx, a, itx, "nik")
		refused(err, "gate.level_too_low")
		h.prove(itx, subject, "link:email@40+history")
		refused(h.Acts.Collect(ctx, a, itx, "nik", givenNIK), "recorder.not_open")
		for field, code := range map[string]string{"address": "act.heard", "email": "act.is_contact", "health_note": "gate.field_not_in_purpose"} {
			_, err := h.Acts.Capture(ctx, a, itx, field)
			refused(err, code)
		}
		before := len(trailOf(t, h.world, itx))
		sp, err := h.Acts.Capture(ctx, a, itx, "nik")
		h.must(err)
		if !h.capturing(itx) || sp.State != recorder.Open {
			t.Fatalf("%+v", sp)
		}
		_, err = h.Desk.Reveal(ctx, a, itx, []string{"phone"}, "", "test")
		refused(err, "gate.capturing")
		_, err = h.Desk.Compare(ctx, a, itx, "phone", "+628123")
		refused(err, "gate.capturing")
		refused(h.Acts.Collect(ctx, a, itx, "address", "Jalan Melati 7"), "recorder.other_field")
		refused(h.Acts.Collect(ctx, a, itx, "nik", "12"), "catalog.nik")
		if !h.capturing(itx) {
			t.Fatal("a slip of the keys ended the capture")
		}
		h.must(h.Interactions.Heartbeat(ctx, a, itx))
		h.must(h.Acts.Collect(ctx, a, itx, "nik", givenNIK))
		if h.capturing(itx) || !h.has(subject, "nik", givenNIK) {
			t.Error("it is saved, and the capture goes on; or it is not saved")
		}
		_, err = h.Worker.RunDue(ctx)
		h.must(err)
		want := []string{"collect allowed nik", "recorder.pause done nik", "interaction.capture done", "recorder.paused done nik",
			"reveal denied (gate.capturing)", "compare denied (gate.capturing)", "collect allowed address", "act.collect denied (recorder.other_field)",
			"collect allowed nik", "act.collect denied (catalog.nik)",
			"collect allowed nik", "act.collect done nik", "interaction.capture_end done (recorder.saved)", "recorder.left done nik (recorder.saved)", "recorder.resumed done nik"}
		if diff := cmp.Diff(want, trailOf(t, h.world, itx)[before:]); diff != "" {
			t.Error(diff)
		}
		verifyLog(t, h.world)
	})
}

func TestWhereNobodyIsRecordedNothingIsPausedAndWhereNobodySaysSoNothingIsTyped(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.first(1)
		h.prove(itx, subject, "link:email@40+history")
		with := func(use recorder.Use) *act.Service {
			return h.acts(func(o *act.Options) { o.Recorder = h.recorders(use, nil) })
		}
		if err := with(recorder.Unset).Collect(ctx, a, itx, "nik", givenNIK); errs.CodeOf(err) != "recorder.unset" {
			t.Error(err)
		}
		if _, err := with(recorder.Unset).Capture(ctx, a, itx, "nik"); errs.CodeOf(err) != "recorder.unset" {
			t.Error(err)
		}
		if _, err := with(recorder.None).Capture(ctx, a, itx, "nik"); errs.CodeOf(err) != "act.heard" {
			t.Error(err)
		}
		h.must(with(recorder.None).Collect(ctx, a, itx, "nik", givenNIK))
		if !h.has(subject, "nik", givenNIK) {
			t.Error("it is not saved")
		}
	})
}

func TestTheDeskShowsWhatIsNotRecorded(t *testing.T) {
	h := &hands{t: t}
	h.now.Store(time.Now().UnixMicro())
	h.world = openWorld(t, db.Options{Clock: func() time.Time { return time.UnixMicro(h.now.Load()).UTC() }})
	b, _, itx := browsing(t, h.world, "change_contact", 1)
	h.prove(itx, h.subject(itx), "link:email@40+history")
	at := "/calls/" + itx
	has := func(path string, wants ...string) string {
		t.Helper()
		page := b.do("GET", path, nil)
		for _, want := range wants {
			if page.Code != 200 || !strings.Contains(page.Body.String(), want) {
				t.Errorf("%s: %d without %q", path, page.Code, want)
			}
		}
		return page.Body.String()
	}
	has(at+"/acts", "Catat tanpa direkam", `value="nik"`)
	has(at+"/capture", "Isian sudah ditutup")
	if r := b.do("POST", at+"/captures", url.Values{"field": {"nik"}}); r.Code != 303 || r.Header().Get("Location") != at+"/capture" {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	page := has(at+"/capture", "Tidak direkam", "data-since", `data-key="k"`, "autofocus")
	stamp := page[strings.Index(page, `data-stamp="`)+len(`data-stamp="`):]
	stamp = stamp[:strings.IndexByte(stamp, '"')]
	if r := b.do("GET", at+"/capture", nil, "If-None-Match", `"`+stamp+`"`); r.Code != 304 {
		t.Errorf("what is typed would be lost: %d", r.Code)
	}
	if r := b.do("GET", at+"/acts", nil); r.Code != 303 {
		t.Errorf("%d", r.Code)
	}
	call := has(at, "Tidak direkam: satu isian terbuka", at+"/capture")
	if strings.Contains(call, `value="hold"`) || strings.Contains(call, at+"/transfer") {
		t.Error("another leg is offered")
	}
	boss, err := h.staff(t.Context(), actor.Supervisor)
	h.must(err)
	board, err := h.Supervision.Watch(t.Context(), boss, true)
	h.must(err)
	if len(board.Rows) != 1 || board.Rows[0].Standing != supervision.Capturing {
		t.Errorf("%+v", board.Rows)
	}
	wrong := b.do("POST", at+"/collect", url.Values{"field": {"nik"}, "value": {"12"}})
	if body := wrong.Body.String(); wrong.Code != 422 || !strings.Contains(body, "Tidak direkam") || strings.Contains(body, `value="12"`) {
		t.Errorf("%d %s", wrong.Code, body)
	}
	if r := b.do("POST", at+"/capture/leave", url.Values{}); r.Code != 303 {
		t.Errorf("%d", r.Code)
	}
	has(at+"/capture", "Isian sudah ditutup", "Ditinggalkan tanpa isi")
	// The recorder has not gone on: nobody has run the job.
	has(at+"/acts", "belum memastikan bahwa rekaman berjalan lagi")
	has(at, "belum memastikan bahwa rekaman berjalan lagi")
	has(at+"/recording", "belum memastikan bahwa rekaman berjalan lagi")
	_, err = h.Worker.RunDue(t.Context())
	h.must(err)
	has(at+"/recording", "Rekaman berjalan lagi")
	if strings.Contains(has(at+"/acts"), "belum memastikan") {
		t.Error("it goes on, and the page does not say so")
	}
	// The call's trail says it in words.
	_, cookie, err := h.Browsing(t.Context(), actor.Auditor, h.controller)
	h.must(err)
	log := browser{h.world, cookie}.do("GET", "/log?interaction="+itx, nil)
	for _, want := range []string{"Perekam memastikan jeda; mulai tidak direkam", "Isian tanpa rekaman berakhir", "Ditinggalkan tanpa isi; rekaman dilanjutkan", "Perekam memastikan rekaman berjalan lagi"} {
		if log.Code != 200 || !strings.Contains(log.Body.String(), want) {
			t.Errorf("%d without %q", log.Code, want)
		}
	}
}

func TestAVendorsFileThatIsWrongIsNamed(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Sources{Flags: map[string]string{"telephony.recorder": "http", "telephony.recorder_file": bad}})
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckConfig(cfg); errs.CodeOf(err) != "recorder.vendor" || errs.Of(err).Args["what"] != "url" {
		t.Error(err)
	}
	if len(Recorders(cfg)) != 0 {
		t.Error("something is paused by a file that says nothing")
	}
}

func TestWrongSettingsOfARecorderAreNamed(t *testing.T) {
	ami := map[string]string{"telephony.ami.address": "pbx:5038", "telephony.ami.controller": "utama"}
	esl := map[string]string{"telephony.esl.address": "pbx:8021", "telephony.esl.controller": "utama"}
	key := strings.Repeat("k", 32)
	good := filepath.Join(t.TempDir(), "good.yaml")
	if err := os.WriteFile(good, []byte("version: 1\nurl: https://rec.example.co.id/{contact}\npause: {form: {a: b}}\nresume: {form: {a: c}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		base  map[string]string
		flags map[string]string
		key   string
	}{
		"no exchange":               {nil, map[string]string{"telephony.recorder": "exchange"}, "telephony.recorder"},
		"no name of its recordings": {esl, map[string]string{"telephony.recorder": "exchange"}, "telephony.recorder"},
		"a path without a channel":  {esl, map[string]string{"telephony.esl.recording": "/rec/x.wav"}, "telephony.esl.recording"},
		"a name of more":            {nil, map[string]string{"telephony.ari.recording": "a/{channel}"}, "telephony.ari.recording"},
		"no address":                {nil, map[string]string{"telephony.recorder": "http", "telephony.recorder_key": key}, "telephony.recorder_url"},
		"in the clear":              {nil, map[string]string{"telephony.recorder": "http", "telephony.recorder_url": "http://rec.example.co.id/", "telephony.recorder_key": key}, "telephony.recorder_url"},
		"a short key":               {nil, map[string]string{"telephony.recorder": "http", "telephony.recorder_url": "https://rec.example.co.id/", "telephony.recorder_key": "short"}, "telephony.recorder_key"},
		"AMI":                       {ami, map[string]string{"telephony.recorder": "exchange"}, ""},
		"ESL":                       {esl, map[string]string{"telephony.recorder": "exchange", "telephony.esl.recording": "/rec/{channel}.wav"}, ""},
		"HTTP":                      {nil, map[string]string{"telephony.recorder": "http", "telephony.recorder_url": "http://127.0.0.1:9000/", "telephony.recorder_key": key}, ""},
		"no file":                   {nil, map[string]string{"telephony.recorder": "http", "telephony.recorder_file": good + ".none"}, "telephony.recorder_file"},
		"a vendor's file":           {nil, map[string]string{"telephony.recorder": "http", "telephony.recorder_file": good}, ""},
		"none":                      {nil, map[string]string{"telephony.recorder": "none"}, ""},
	} {
		flags := map[string]string{}
		maps.Copy(flags, c.base)
		maps.Copy(flags, c.flags)
		cfg, err := config.Load(config.Sources{Flags: flags})
		if err != nil {
			t.Fatal(err)
		}
		err = CheckConfig(cfg)
		if c.key == "" && err != nil || c.key != "" && errs.Of(err).Args["key"] != c.key {
			t.Errorf("%s: %v", name, err)
		}
		if c.key == "" && name != "none" && len(Recorders(cfg)) != 1 {
			t.Errorf("%s: %v", name, Recorders(cfg))
		}
	}
}
