package web

// OwnFixtures are the fixtures of the front desk's own pages.
var OwnFixtures = ownFixtures

// Asset is a static file of ours.
type Asset struct {
	URL  string
	Text []byte
}

// Statics lists them.
func Statics(s *Server) []Asset {
	var out []Asset
	for _, a := range s.statics {
		out = append(out, Asset{a.URL, a.Plain})
	}
	return out
}
