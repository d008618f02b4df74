package entitlement

import (
	"slices"
	"strings"
	"testing"
)

// asked are questions of both kinds: a required word with a pattern, several choices that
// approvers may change, and a text that nobody need give.
func asked() []Question {
	return []Question{
		{ID: "free", Kind: TextQuestion, Text: "Anything else?", Sequence: 3},
		{ID: "cost", Kind: TextQuestion, Text: "Cost centre?", Sequence: 1, Required: true, SingleLine: true, Pattern: `[A-Z]{2}\d{3}`,
			Localizations: []Localized{{"de", "Kostenstelle?"}, {"pt-BR", "Centro de custo?"}}},
		{ID: "regions", Kind: ChoiceQuestion, Text: "Regions?", Sequence: 2, Editable: true, Multiple: true,
			Choices: []Choice{{Value: "eu", Text: "Europe", Localizations: []Localized{{"de", "Europa"}}}, {Value: "us", Text: "Americas"}, {Value: "ap", Text: "Asia"}}},
	}
}

func TestR70_PoliciesAskTextsAndChoices(t *testing.T) {
	p := AssignmentPolicy{DisplayName: "P", Questions: asked()}
	if err := p.CheckTexts(); err != nil {
		t.Fatal(err)
	}
	if got := Ordered(p.Questions); got[0].ID != "cost" || got[1].ID != "regions" || got[2].ID != "free" {
		t.Errorf("asked in the order %v", got)
	}

	for name, c := range map[string]struct {
		change func(q *Question)
		says   string
	}{
		"no kind":                     {func(q *Question) { q.Kind = "" }, "@odata.type"},
		"no text":                     {func(q *Question) { q.Text = " " }, "text must not be empty"},
		"a long text":                 {func(q *Question) { q.Text = strings.Repeat("x", MaxName+1) }, "characters long"},
		"no expression":               {func(q *Question) { q.Pattern = "(" }, "no regular expression"},
		"lookahead":                   {func(q *Question) { q.Pattern = "(?=a)" }, "RE2"},
		"a long expression":           {func(q *Question) { q.Pattern = strings.Repeat("a", MaxPattern+1) }, "characters long"},
		"an expression that explodes": {func(q *Question) { q.Pattern = strings.Repeat("(a{100}){10}", 10) }, "repeats too much"},
		"choices of a text":           {func(q *Question) { q.Choices = []Choice{{Value: "a", Text: "A"}} }, "choices"},
		"a pattern of choices":        {func(q *Question) { *q = asked()[2]; q.Pattern = "a" }, "regexPattern"},
		"no choices":                  {func(q *Question) { *q = asked()[2]; q.Choices = nil }, "1 to 50 choices"},
		"the same choice twice":       {func(q *Question) { *q = asked()[2]; q.Choices[1].Value = "eu" }, "another choice"},
		"a choice that separates":     {func(q *Question) { *q = asked()[2]; q.Choices[1].Value = "u;s" }, "separates"},
		"a language that is none":     {func(q *Question) { q.Localizations[0].Language = "de\"" }, "languageCode"},
		"a language twice":            {func(q *Question) { q.Localizations[1].Language = "DE" }, "twice"},
	} {
		p := AssignmentPolicy{DisplayName: "P", Questions: asked()[1:2]}
		c.change(&p.Questions[0])
		if err := p.CheckTexts(); KindOf(err) != Invalid || !strings.Contains(MessageOf(err), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}

	p = AssignmentPolicy{Questions: []Question{{Kind: "x", Text: ""}, {Kind: TextQuestion, Text: "Why?", Pattern: "("}}}
	for _, part := range []string{"displayName", "questions[0].text", "questions[0].@odata.type", "questions[1].regexPattern"} {
		if err := p.CheckTexts(); !strings.Contains(MessageOf(err), part) {
			t.Errorf("of all that is wrong, %s is not said: %v", part, err)
		}
	}
}

// questioned is a package whose policy asks.
func questioned(given ...GivenAnswer) fixture {
	w := newFixture()
	w.policy().Questions = asked()
	w.ask.Answers = given
	return w
}

func TestR71_AnAnswerMatchesTheWholePattern(t *testing.T) {
	for value, ok := range map[string]bool{"AB123": true, " AB123 ": true, "xAB123": false, "AB1234": false, "ab123": false, "AB123\nAB123": false} {
		w := questioned(GivenAnswer{"cost", value})
		r, change, err := Submit(w.ask, w.got, w.now)
		if ok && (err != nil || r.Answers[0].Value != "AB123") || !ok && (err == nil || len(change.Requests) > 0) {
			t.Errorf("%q: %+v, %v", value, r.Answers, err)
		}
	}
}

func TestR72_WhatIsRequiredIsAnswered(t *testing.T) {
	for name, c := range map[string]struct {
		given []GivenAnswer
		kind  Kind
		says  []string
	}{
		"nothing":                {nil, Precondition, []string{"Cost centre?"}},
		"an empty answer":        {[]GivenAnswer{{"cost", "  "}}, Precondition, []string{"Cost centre?"}},
		"no choice of it":        {[]GivenAnswer{{"cost", "AB123"}, {"regions", "eu;mars"}}, Precondition, []string{"Regions?"}},
		"a choice twice":         {[]GivenAnswer{{"cost", "AB123"}, {"regions", "eu;eu"}}, Precondition, []string{"Regions?"}},
		"what is not asked":      {[]GivenAnswer{{"cost", "AB123"}, {"other", "x"}}, Invalid, []string{"answers[1]"}},
		"an answer twice":        {[]GivenAnswer{{"cost", "AB123"}, {"cost", "AB124"}}, Invalid, []string{"answers[1]"}},
		"several things at once": {[]GivenAnswer{{"other", "x"}, {"regions", "mars"}}, Invalid, []string{"answers[0]", "Cost centre?", "Regions?"}},
		"a long answer":          {[]GivenAnswer{{"cost", "AB123"}, {"free", strings.Repeat("x", MaxDescription+1)}}, Invalid, []string{"characters long"}},
	} {
		w := questioned(c.given...)
		_, change, err := Submit(w.ask, w.got, w.now)
		if KindOf(err) != c.kind || len(change.Requests) > 0 {
			t.Errorf("%s: %v", name, err)
		}
		for _, part := range c.says {
			if !strings.Contains(MessageOf(err), part) {
				t.Errorf("%s: %q does not say %q", name, MessageOf(err), part)
			}
		}
	}
}

func TestR74_AnAdministratorMayAnswerAndNeedNot(t *testing.T) {
	for _, given := range [][]GivenAnswer{nil, {{"cost", "AB123"}}} {
		w := questioned(given...)
		w.direct()
		r, _, err := Submit(w.ask, w.got, w.now)
		said := slices.ContainsFunc(r.Answers, func(a Answer) bool { return a.Question.ID == "cost" && a.Value == "AB123" })
		if err != nil || said != (given != nil) {
			t.Errorf("%v: %+v, %v", given, r.Answers, err)
		}
	}
	w := questioned(GivenAnswer{"cost", "wrong"})
	w.direct()
	if _, _, err := Submit(w.ask, w.got, w.now); KindOf(err) != Precondition {
		t.Errorf("a wrong answer of an administrator: %v", err)
	}
}

func TestR70_ApproversChangeWhatTheQuestionLetsThem(t *testing.T) {
	w := questioned(GivenAnswer{"cost", "AB123"})
	w.approvedBy([]SubjectSet{user("ann")})
	r, _, err := Submit(w.ask, w.got, w.now)
	if err != nil {
		t.Fatal(err)
	}
	w.policy().Questions = nil // what becomes of the policy changes nothing about the request

	ann, eve := User{ID: "ann", Enabled: true}, User{ID: "eve", Enabled: true}
	change := func(u User, given ...GivenAnswer) (AssignmentRequest, Change, error) {
		return Reanswer(r, AnswersInput{Answers: given, Command: "call"}, u, "max", noon)
	}
	for name, c := range map[string]struct {
		by    User
		given []GivenAnswer
		kind  Kind
	}{
		"one who is not asked":     {eve, []GivenAnswer{{"regions", "us"}}, Forbidden},
		"the requestor":            {*w.got.Requestor, []GivenAnswer{{"regions", "us"}}, Forbidden},
		"one that is not editable": {ann, []GivenAnswer{{"cost", "AB124"}}, Precondition},
		"no choice of it":          {ann, []GivenAnswer{{"regions", "mars"}}, Precondition},
		"what was not asked":       {ann, []GivenAnswer{{"other", "x"}}, Invalid},
		"nothing":                  {ann, nil, Invalid},
	} {
		if _, made, err := change(c.by, c.given...); KindOf(err) != c.kind || len(made.Requests) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}

	after, made, err := change(ann, GivenAnswer{"regions", " us ; eu"})
	if err != nil || len(made.Events) != 1 || after.State != RequestPendingApproval {
		t.Fatalf("%+v, %v", made, err)
	}
	shown := map[QuestionID]string{}
	for _, a := range after.Answers {
		shown[a.Question.ID] = a.Shown()
	}
	if shown["regions"] != "Americas; Europe" || shown["cost"] != "AB123" {
		t.Errorf("afterwards %v", shown)
	}
	if e := made.Events[0]; e.Kind != "answersChanged" || e.Actor != "ann" || e.Data["questions"] != "regions" {
		t.Errorf("the event is %+v", e)
	}
	if _, _, err := Reanswer(r, AnswersInput{Answers: []GivenAnswer{{"regions", "us"}}}, ann, "max", r.Stages[0].Deadline); KindOf(err) != Conflict {
		t.Errorf("after the deadline: %v", err)
	}
}

func TestR75_AnUpdateChangesAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		kind  RequestType
		given GivenAnswer
		says  string
	}{
		"an administrator, any":            {AdminUpdate, GivenAnswer{"cost", "AB124"}, ""},
		"an administrator, a wrong one":    {AdminUpdate, GivenAnswer{"cost", "wrong"}, "must match"},
		"the holder, an editable one":      {UserUpdate, GivenAnswer{"regions", "us"}, ""},
		"the holder, one that is not":      {UserUpdate, GivenAnswer{"cost", "AB124"}, "cannot be changed"},
		"the holder, to what is not asked": {UserUpdate, GivenAnswer{"other", "x"}, "answers[0]"},
	} {
		w := held()
		w.policy().Questions = asked()
		w.ask.Type, w.ask.Answers = c.kind, []GivenAnswer{c.given}
		r, change, err := Extend(w.ask, w.got, w.now)
		if c.says != "" {
			if err == nil || !strings.Contains(MessageOf(err), c.says) || len(change.Requests) > 0 {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || len(r.Answers) != 1 || r.Answers[0].Value != c.given.Value {
			t.Errorf("%s: %+v, %v", name, r.Answers, err)
		}
	}
}

func TestR76_WithoutTheReadersLanguageTheDefaultTextIsShown(t *testing.T) {
	q := asked()[1]
	for languages, want := range map[string]string{"": "Cost centre?", "fr": "Cost centre?", "de": "Kostenstelle?", "de-AT": "Kostenstelle?", "pt-br": "Centro de custo?",
		"pt": "Cost centre?", "fr de": "Kostenstelle?"} {
		if got := q.In(strings.Fields(languages)); got != want {
			t.Errorf("for %q: %q", languages, got)
		}
	}
}

func TestA4_AskingLessIsMarked(t *testing.T) {
	change := func(set func([]Question) []Question) []string {
		return Loosens(AssignmentPolicy{Questions: asked()}, AssignmentPolicy{Questions: set(asked())})
	}
	for name, c := range map[string]struct {
		set    func([]Question) []Question
		looser bool
	}{
		"as it was":           {func(all []Question) []Question { return all }, false},
		"an optional one out": {func(all []Question) []Question { return all[1:] }, false},
		"a required one out":  {func(all []Question) []Question { return all[:1] }, true},
		"one need not answer": {func(all []Question) []Question { all[1].Required = false; return all }, true},
		"another pattern":     {func(all []Question) []Question { all[1].Pattern = ".*"; return all }, true},
		"another text":        {func(all []Question) []Question { all[1].Text = "Which?"; return all }, false},
	} {
		if got := slices.Contains(change(c.set), "questions"); got != c.looser {
			t.Errorf("%s: %t", name, got)
		}
	}
}
