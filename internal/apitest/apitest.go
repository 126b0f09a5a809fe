// Package apitest looks at Amanah from outside, over real HTTP and TLS, and holds it to its promises. It has tests only.
//
// A world is a whole installation, every room wired as the program wires it (app.NewTrial), behind an http server, with
// staff of every role, two companies, API clients, and customers who do not exist. The tests drive it through package
// client where a program would, and by hand where a browser or an attacker would. There are six kinds:
//
//   - story_test.go: the main job from end to end (a customer is created, calls, is verified on their own telephone, is
//     served; the log verifies offline), handing a call over, what an API client may do alone, repeated requests, pages
//     of entries, rate limits, and the shape of a problem in both languages.
//   - access_test.go: every route of the house against everybody who must not use it: nobody, each role, another agent,
//     another company's agent, an API client without the scope, a session that is over. A route that is not in the
//     table fails the test, so that no route can be added without an answer to the question who must not use it.
//   - input_test.go: everything that no honest caller sends. Each is a clear problem with a code and a next step, never a
//     defect of ours, never an echo; and the log still verifies afterwards.
//   - canary_test.go: known personal values go through a whole day, refusals and errors included, and are then looked
//     for where they must not be: logs, metrics, errors, jobs, audit leaves, every column of every table, and the raw
//     bytes of every file, in every spelling that a leak would have.
//   - matrix_test.go: role, level, channel, route and class of field, thousands of cells: every route, asked by everybody in
//     calls at every level on every channel, about a customer of whom a value of every field is kept. An answer holds a value
//     only where the catalogue, the purpose and the policies say so, in no spelling and in no part of it; and there it does.
//   - document_test.go: the OpenAPI document is docs/openapi.json. AMANAH_UPDATE=1 writes it anew; read the difference.
package apitest
