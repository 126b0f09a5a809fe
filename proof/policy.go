package proof

import (
	"slices"
	"strconv"
	"strings"
)

// Policy says whom the reader trusts: the log's key, witnesses, and how many of them
// must have cosigned. Its text is C2SP tlog-policy:
//
//	log example.com/amanah+1f2e3d4c+AXq…
//	witness dpo dpo.example+5a6b7c8d+BKf… https://witness.example/
//	witness parent parent.example+…
//	group both all dpo parent
//	quorum both
//
// One thing is wider than the specification: a log key also speaks for origins below its
// name (example.com/amanah/main/3f21), since each node of a deployment writes a log of
// its own and a restored one begins a new log, all under one key.
type Policy struct {
	logs      []*Key
	witnesses []witness
	groups    map[string]group
	quorum    string
}

type witness struct {
	name string
	key  *Key
	url  string
}

type group struct {
	need    int
	members []string
}

// TrustKey is the policy that knows one log key and asks for no witness.
func TrustKey(vkey string) (*Policy, error) {
	return ParsePolicy([]byte("log " + vkey + "\nquorum none\n"))
}

// With returns the policy with one more log key, if it has it not yet.
func (p *Policy) With(vkey string) (*Policy, error) {
	k, err := ParseKey(vkey)
	if err != nil || k.witness {
		return nil, malformed("log key")
	}
	c := *p
	c.logs = slices.DeleteFunc(slices.Clone(p.logs), func(old *Key) bool { return old.public.Equal(k.public) })
	c.logs = append(c.logs, k)
	return &c, nil
}

// ParsePolicy reads a policy file.
func ParsePolicy(text []byte) (*Policy, error) {
	p := &Policy{groups: map[string]group{}}
	defined := map[string]bool{}
	used := map[string]bool{}
	seen := map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		bad := func(why string) (*Policy, error) {
			return nil, malformed("policy, line " + strconv.Itoa(i+1) + ": " + why)
		}
		if strings.IndexFunc(line, func(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }) >= 0 {
			return bad("control character")
		}
		f := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		switch {
		case f[0] == "log" && (len(f) == 2 || len(f) == 3):
			k, err := ParseKey(f[1])
			if err != nil || k.witness || seen["log"+string(k.public)] {
				return bad("log key is malformed or repeated")
			}
			seen["log"+string(k.public)] = true
			p.logs = append(p.logs, k)
		case f[0] == "witness" && (len(f) == 3 || len(f) == 4):
			k, err := ParseKey(f[2])
			if err != nil || !k.witness || seen["witness"+string(k.public)] {
				return bad("witness key is malformed or repeated")
			}
			if defined[f[1]] || f[1] == "none" {
				return bad("name is taken")
			}
			seen["witness"+string(k.public)] = true
			defined[f[1]] = true
			w := witness{name: f[1], key: k}
			if len(f) == 4 {
				w.url = f[3]
			}
			p.witnesses = append(p.witnesses, w)
		case f[0] == "group" && len(f) >= 4:
			if defined[f[1]] || f[1] == "none" {
				return bad("name is taken")
			}
			g := group{members: f[3:]}
			for _, m := range g.members {
				if !defined[m] || used[m] {
					return bad("member is unknown or already in a group")
				}
				used[m] = true
			}
			switch f[2] {
			case "any":
				g.need = 1
			case "all":
				g.need = len(g.members)
			default:
				n, err := decimal(f[2])
				if err != nil || n < 1 || n > int64(len(g.members)) {
					return bad("number of members")
				}
				g.need = int(n)
			}
			defined[f[1]] = true
			p.groups[f[1]] = g
		case f[0] == "quorum" && len(f) == 2:
			if p.quorum != "" || f[1] != "none" && !defined[f[1]] {
				return bad("quorum is repeated or unknown")
			}
			p.quorum = f[1]
		default:
			return bad("unknown words")
		}
	}
	if p.quorum == "" {
		return nil, malformed("policy has no quorum line")
	}
	return p, nil
}

// satisfied reports whether these witnesses make the quorum.
func (p *Policy) satisfied(have map[string]bool) bool {
	if p.quorum == "none" {
		return true
	}
	var met func(name string) bool
	met = func(name string) bool {
		g, ok := p.groups[name]
		if !ok {
			return have[name]
		}
		n := 0
		for _, m := range g.members {
			if met(m) {
				n++
			}
		}
		return n >= g.need
	}
	return met(p.quorum)
}

// NeedsWitnesses reports whether the policy asks for any cosignature.
func (p *Policy) NeedsWitnesses() bool { return p.quorum != "none" }

// Witness is a witness of a policy.
type Witness struct {
	Name string
	URL  string // submission prefix; empty if the policy gives none
	Key  *Key
}

// Witnesses lists the policy's witnesses.
func (p *Policy) Witnesses() []Witness {
	list := make([]Witness, len(p.witnesses))
	for i, w := range p.witnesses {
		list[i] = Witness{w.name, w.url, w.key}
	}
	return list
}
