package page

import (
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/verification/check"
	"github.com/amanah-id/amanah/internal/web"
)

// CheckPage is where anybody finds out whether a call is one of the company's. What was entered goes back into the page's own
// form and nowhere else: never into an address.
type CheckPage struct {
	check.Answer
	Entered  string
	Asked    bool   // there is an answer
	Reported bool   // "somebody called me" was taken
	Problem  string // code of why there is no answer
}

func (s screens) checkRoutes(rt *web.Router) {
	anybody := web.Access{Public: true}
	rt.Page("GET /check", anybody, func(r *web.Request) error { return r.Render(CheckPage{}) })
	rt.Page("POST /check", anybody, s.postCheck)
	rt.Page("POST /check/report", anybody, s.postReport)
	rt.Page("GET /check/reported", anybody, func(r *web.Request) error { return r.Render(CheckPage{Reported: true}) })
}

// checkForm is what both forms send. What is too long for a code or a number is neither, and answered like that.
type checkForm struct {
	Entered string `form:"entered" max:"200"`
}

func (s screens) postCheck(r *web.Request) error {
	var form checkForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	answer, err := s.calls.Ask(r.Context(), r.Address(), form.Entered, r.Lang)
	if err != nil {
		return s.checkProblem(r, form.Entered, err)
	}
	return r.Render(CheckPage{Answer: answer, Entered: form.Entered, Asked: true})
}

func (s screens) postReport(r *web.Request) error {
	var form checkForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.calls.Report(r.Context(), r.Address(), form.Entered); err != nil {
		return s.checkProblem(r, form.Entered, err)
	}
	return r.Redirect("/check/reported")
}

func (s screens) checkProblem(r *web.Request, entered string, err error) error {
	if errs.KindOf(err) != errs.TooMany {
		return err
	}
	return r.RenderStatus(web.Status(err), CheckPage{Entered: entered, Problem: errs.CodeOf(err)})
}
