// Command differential holds package policy against an independent evaluator,
// @cloud-copilot/iam-simulate, on random cases that mean something.
//
// The evaluator is not part of this project: it is installed by whoever runs this,
// and asked as a process through its documented interface. The same seed gives the
// same cases. Every disagreement is cut down to what it takes, and has to be of a
// class that README.md explains with the AWS page that decides it; one that is not
// is printed and fails the run. Exit: 0 no new disagreement, or nothing installed;
// 2 new ones; 1 it could not run.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/strongroom-dev/strongroom/policy/policytest"
)

func main() {
	n := flag.Int("n", 20000, "`cases` to make")
	seed := flag.Uint64("seed", 1, "of the cases")
	dir := flag.String("dir", home(), "`directory` the evaluator was installed into; default $STRONGROOM_DIFFERENTIAL or the user's cache")
	driver := flag.String("driver", "tools/differential/driver.mjs", "`file` that node runs")
	show := flag.Bool("show", false, "print an example of every known class as well")
	most := flag.Int("most", 40, "new `disagreements` to print before giving up")
	flag.Parse()
	if err := installed(*dir); err != nil {
		fmt.Printf("skipped: %v\nto install it (AGPL, for this comparison only): npm install --prefix %q %s\n", err, *dir, module)
		return
	}
	r := &run{driver: *driver, dir: *dir, show: *show, most: *most, classes: map[string]int{}, refusals: map[string]int{}}
	err := r.all(*seed, *n)
	r.report()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "differential:", err)
		os.Exit(1)
	case r.fresh > 0:
		os.Exit(2)
	}
}

func home() string {
	if dir := os.Getenv("STRONGROOM_DIFFERENTIAL"); dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "strongroom", "differential")
}

// run counts what comes of the cases.
type run struct {
	driver, dir string
	show        bool
	most        int

	other    *evaluator
	agree    map[policytest.Answer]int
	classes  map[string]int
	refusals map[string]int
	refused  int
	fresh    int
}

func (r *run) all(seed uint64, n int) (err error) {
	if r.other, err = start(r.driver, r.dir); err != nil {
		return err
	}
	r.agree = map[policytest.Answer]int{}
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	for done := 0; done < n && r.fresh < r.most; {
		batch := make([][]byte, min(1000, n-done))
		for i := range batch {
			batch[i] = encode(g.next(done + i))
		}
		done += len(batch)
		if err := r.batch(batch); err != nil {
			return err
		}
	}
	return r.other.close()
}

func (r *run) batch(batch [][]byte) error {
	type split struct {
		line         []byte
		ours, theirs policytest.Answer
	}
	var splits []split
	var fault error
	err := r.other.ask(batch, func(i int, theirs policytest.Answer, refused error) {
		ours, err := own(batch[i])
		switch {
		case err != nil:
			fault = cmp.Or(fault, fmt.Errorf("the engine does not take a case: %w\n%s", err, batch[i]))
		case refused != nil:
			r.refused++
			r.refusals[refused.Error()]++
		case ours == theirs:
			r.agree[ours]++
		default:
			splits = append(splits, split{batch[i], ours, theirs})
		}
	})
	if err = errors.Join(err, fault); err != nil {
		return err
	}
	for _, s := range splits {
		if err := r.judge(s.line, s.ours, s.theirs); err != nil {
			return err
		}
	}
	return nil
}

// judge cuts a disagreement down and finds its class.
func (r *run) judge(line []byte, ours, theirs policytest.Answer) error {
	var fault error
	tree := minimise(treeOf(line), func(t any) bool {
		small := encode(t)
		if got, err := own(small); err != nil || got != ours {
			return false
		}
		got, refused, err := r.other.one(small)
		if err != nil {
			fault = err
		}
		return err == nil && refused == nil && got == theirs
	})
	if fault != nil {
		return fault
	}
	class := classify(tree, ours, theirs)
	if class == "" {
		r.fresh++
	} else if r.classes[class]++; !r.show || r.classes[class] > 1 {
		return nil
	}
	if class == "" {
		class = "NEW"
	}
	fmt.Printf("%s: Strongroom %s, %s %s\n  %s\n", class, ours, module, theirs, encode(tree))
	return nil
}

// own is the engine's answer to a case in JSON.
func own(line []byte) (policytest.Answer, error) {
	var c policytest.Case
	if err := json.Unmarshal(line, &c); err != nil {
		return "", err
	}
	answer, _, err := policytest.Engine(&c)
	return answer, err
}

func (r *run) report() {
	agree := 0
	for _, n := range r.agree {
		agree += n
	}
	known := 0
	for _, n := range r.classes {
		known += n
	}
	fmt.Printf("%d cases: %d agree (%d Allowed, %d ExplicitlyDenied, %d ImplicitlyDenied), %d of known classes, %d new, %d refused by the evaluator\n",
		agree+known+r.fresh+r.refused, agree, r.agree[policytest.Allowed], r.agree[policytest.ExplicitlyDenied], r.agree[policytest.ImplicitlyDenied], known, r.fresh, r.refused)
	for _, c := range classes {
		if n := r.classes[c.id]; n > 0 {
			fmt.Printf("  %6d %s\n", n, c.id)
		}
	}
	var why []string
	for text := range r.refusals {
		why = append(why, text)
	}
	slices.SortFunc(why, func(a, b string) int { return r.refusals[b] - r.refusals[a] })
	for _, text := range why[:min(len(why), 5)] {
		fmt.Printf("  %6d refused: %.300s\n", r.refusals[text], text)
	}
}
