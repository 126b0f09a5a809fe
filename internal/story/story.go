// Package story holds no code, only tests: people's stories, told in a real browser.
//
// Each test is one story as the person in it would tell it: the agent who takes a call
// without touching the mouse, the customer who says that somebody else is calling, the
// auditor who takes a proof home and checks it there. The stories run against the very
// program that is shipped: TestMain builds cmd/amanah, starts `amanah demo` in a new folder
// on 127.0.0.1, and drives Debian's Chromium through the devtools protocol. Nothing inside
// the program is reached from here, so a story cannot pass on something nobody can do.
//
// What every story checks without saying so: no error in the console, no violation of the
// page's Content-Security-Policy, no request to another host, and, on every page a story
// looks at, no violation of WCAG 2.2 AA by axe-core in the light and the dark theme, and
// nothing that must be scrolled for sideways.
//
// No step waits for time to pass: each waits for what the person would wait to see, so that
// a slow machine makes a story longer and not wrong.
//
// The names contain Story, by which CI selects them. Without AMANAH_TEST_CHROMIUM, the path of
// a Chromium, they are skipped and say so: one found by chance would run them in every `go test`. AMANAH_LOOKS=folder keeps a picture of
// everything looked at; AMANAH_SCREENSHOTS=1 writes the pictures of docs/guide anew.
package story
