package main

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/amanah-id/amanah/pii/names/internal/tagger"
)

const labels = tagger.Labels

// field is a linear-chain conditional random field while it is trained: stochastic gradient descent with a rate for each weight
// (AdaGrad). The label outside is the reference: its weights are 0.
//
// Every product is rounded before it is added (the conversions to float64), and exp is our own, so that the same data give the
// same bits on every processor.
type field struct {
	weight, square   [][labels]float32
	pair, pairSquare [labels][labels]float64 // from, to
	sum              [][labels]float64
	pairSum          [labels][labels]float64
	sums             int
}

// sequence is a text as the field sees it: the numbers of the features of each token, and which of them name the word itself.
type sequence struct {
	features [][]uint32
	lexical  [][]bool
	labels   []uint8
}

func newField(features int) *field {
	return &field{weight: make([][labels]float32, features), square: make([][labels]float32, features), sum: make([][labels]float64, features)}
}

// exp is e to the power of x, with the same bits on every processor.
func exp(x float64) float64 {
	if x < -60 {
		return 0
	}
	x = min(x, 60)
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(k*math.Ln2)
	y := 1.0
	for n := 14.0; n >= 1; n-- {
		y = 1 + float64(float64(r/n)*y)
	}
	return math.Ldexp(y, int(k))
}

// chance is a small generator that gives the same numbers everywhere (splitmix64).
type chance uint64

func (c *chance) next() uint64 {
	*c += 0x9E3779B97F4A7C15
	z := uint64(*c)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func (c *chance) below(n int) int { return int(c.next() >> 33 % uint64(n)) }

// rule is how a field learns.
type rule struct {
	epochs, seeds     int
	rate, decay       float64
	dropWord, dropAny int     // of a hundred: tokens whose own word is hidden, features that are hidden
	outside           float64 // taken from the label outside when the model is used: training without it misses more than it invents
}

// learn takes one step for one sequence. The space is the caller's, and is used again.
func (f *field) learn(s *sequence, r rule, random *chance, space *space) {
	n := len(s.labels)
	space.grow(n)
	emit := space.emit[:n]
	kept := space.kept[:n]
	for i := range n {
		hidden := random.below(100) < r.dropWord
		emit[i] = [labels]float64{}
		kept[i] = kept[i][:0]
		for j, id := range s.features[i] {
			if hidden && s.lexical[i][j] || random.below(100) < r.dropAny {
				continue
			}
			kept[i] = append(kept[i], id)
			w := &f.weight[id]
			for y := 1; y < labels; y++ {
				emit[i][y] += float64(w[y])
			}
		}
	}
	var step [labels][labels]float64
	for a := range labels {
		for b := range labels {
			if tagger.Follows(a, b) {
				step[a][b] = exp(f.pair[a][b])
			}
		}
	}
	f.forward(space, &step, n)
	backward(space, &step, n)
	f.descend(s, r, space, &step)
}

// space is what learn works in: for each token the emissions and their powers, and the scaled sums of the paths before and after.
type space struct {
	emit, power, before, after [][labels]float64
	kept                       [][]uint32
}

func (s *space) grow(n int) {
	for len(s.emit) < n {
		s.emit = append(s.emit, [labels]float64{})
		s.power = append(s.power, [labels]float64{})
		s.before = append(s.before, [labels]float64{})
		s.after = append(s.after, [labels]float64{})
		s.kept = append(s.kept, nil)
	}
}

func scaled(v *[labels]float64) {
	total := 0.0
	for _, x := range v {
		total += x
	}
	for y := range v {
		v[y] /= total
	}
}

func (f *field) forward(s *space, step *[labels][labels]float64, n int) {
	for i := range n {
		top := 0.0
		for _, x := range s.emit[i] {
			top = max(top, x)
		}
		for y, x := range s.emit[i] {
			s.power[i][y] = exp(x - top)
			sum := 0.0
			if i > 0 {
				for p := range labels {
					sum += float64(s.before[i-1][p] * step[p][y])
				}
			} else if tagger.Begins(y) {
				sum = 1
			}
			s.before[i][y] = float64(sum * s.power[i][y])
		}
		scaled(&s.before[i])
	}
}

func backward(s *space, step *[labels][labels]float64, n int) {
	for i := n - 1; i >= 0; i-- {
		for y := range labels {
			sum := 1.0
			if i < n-1 {
				sum = 0
				for q := range labels {
					sum += float64(float64(step[y][q]*s.power[i+1][q]) * s.after[i+1][q])
				}
			}
			s.after[i][y] = sum
		}
		scaled(&s.after[i])
	}
}

// descend moves the weights against the gradient: what the field believes less what is so.
func (f *field) descend(s *sequence, r rule, space *space, step *[labels][labels]float64) {
	var pairs [labels][labels]float64
	for i, is := range s.labels {
		if is == free {
			continue
		}
		var g [labels]float64
		for y := range g {
			g[y] = float64(space.before[i][y] * space.after[i][y])
		}
		scaled(&g)
		g[is]--
		for _, id := range space.kept[i] {
			w, q := &f.weight[id], &f.square[id]
			for y := 1; y < labels; y++ {
				d := g[y] + float64(r.decay*float64(w[y]))
				if d > -1e-4 && d < 1e-4 {
					continue
				}
				sq := float64(q[y]) + float64(d*d)
				q[y] = float32(sq)
				w[y] = float32(float64(w[y]) - float64(r.rate*d)/math.Sqrt(sq+1e-2))
			}
		}
		if i == 0 || s.labels[i-1] == free {
			continue
		}
		var p [labels][labels]float64
		z := 0.0
		for a := range labels {
			for b := range labels {
				p[a][b] = float64(float64(float64(space.before[i-1][a]*step[a][b])*space.power[i][b]) * space.after[i][b])
				z += p[a][b]
			}
		}
		for a := range labels {
			for b := range labels {
				pairs[a][b] += p[a][b] / z
			}
		}
		pairs[s.labels[i-1]][is]--
	}
	for a := range labels {
		for b := range labels {
			if d := pairs[a][b]; tagger.Follows(a, b) {
				f.pairSquare[a][b] += float64(d * d)
				f.pair[a][b] -= float64(r.rate*d) / math.Sqrt(f.pairSquare[a][b]+1)
			}
		}
	}
}

// remember adds the weights of another field, or its own, to the average that average makes.
func (f *field) remember(g *field) {
	for i := range g.weight {
		for y, w := range g.weight[i] {
			f.sum[i][y] += float64(w)
		}
	}
	for a := range labels {
		for b := range labels {
			f.pairSum[a][b] += g.pair[a][b]
		}
	}
	f.sums++
}

func (f *field) average() {
	n := float64(f.sums)
	for i := range f.weight {
		for y := range labels {
			f.weight[i][y] = float32(f.sum[i][y] / n)
		}
	}
	for a := range labels {
		for b := range labels {
			f.pair[a][b] = f.pairSum[a][b] / n
		}
	}
}

// trained is the average of several fields, each the average of its later epochs. They learn side by side, as many as there are processors, and are
// added in their order, so that the sum is always the same.
func trained(sequences []*sequence, features int, r rule) *field {
	fields := make([]*field, r.seeds)
	var group sync.WaitGroup
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	for seed := range fields {
		turns <- struct{}{}
		group.Go(func() {
			fields[seed] = one(slices.Clone(sequences), features, r, chance(7+1000*seed))
			<-turns
		})
	}
	group.Wait()
	all := newField(features)
	for _, f := range fields {
		all.remember(f)
	}
	all.average()
	return all
}

// one is a field that learned from the sequences in orders of chance.
func one(sequences []*sequence, features int, r rule, random chance) *field {
	f := newField(features)
	var work space
	for epoch := range r.epochs {
		for i := len(sequences) - 1; i > 0; i-- {
			j := random.below(i + 1)
			sequences[i], sequences[j] = sequences[j], sequences[i]
		}
		for _, s := range sequences {
			f.learn(s, r, &random, &work)
		}
		if epoch >= r.epochs/3 {
			f.remember(f)
		}
	}
	f.average()
	f.square, f.sum = nil, nil // only the weights are wanted now
	return f
}
