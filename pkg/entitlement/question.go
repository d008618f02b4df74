package entitlement

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/order"
)

// QuestionID is the id of a question of a policy.
type QuestionID string

// QuestionKind is the kind of a question. The values are Graph's.
type QuestionKind string

// The kinds of questions.
const (
	TextQuestion   QuestionKind = "accessPackageTextInputQuestion"
	ChoiceQuestion QuestionKind = "accessPackageMultipleChoiceQuestion"
)

// Localized is a text in one language.
type Localized struct{ Language, Text string }

// Choice is one of the answers that a question offers.
type Choice struct {
	Value         string // what an answer names it by
	Text          string
	Localizations []Localized
}

// Question is something that a policy asks of those who request through it (R70).
type Question struct {
	ID            QuestionID
	Kind          QuestionKind
	Text          string
	Localizations []Localized
	Sequence      int
	Required      bool
	Editable      bool     // approvers may change the answer, and requestors by an update
	SingleLine    bool     // of a text
	Pattern       string   // of a text: what the whole answer must match (R71)
	Multiple      bool     // of choices: several may be chosen
	Choices       []Choice // of choices
}

// Answer is what was answered to a question of a request, with the question as it was asked:
// whatever becomes of the policy, the answer means what it meant.
type Answer struct {
	Question Question // in its default language alone, and where nobody may edit it with what was chosen alone
	Value    string   // "" of one that nobody has answered, and that still may be
}

// GivenAnswer is an answer as a client words it.
type GivenAnswer struct {
	Question QuestionID
	Value    string
}

// Bounds of questions and answers (S21).
const (
	MaxQuestions     = 20
	MaxChoices       = 50
	MaxLocalizations = 30
	MaxQuestionText  = 512
	MaxPattern       = 256
	maxPatternSteps  = 2000     // of the compiled pattern, so that an answer is matched in little time
	MaxQuestionBytes = 32 << 10 // of all questions of a policy
	MaxAnswerBytes   = 32 << 10 // of all answers of a request
	choiceSeparator  = ";"
)

// NameQuestions gives ids to the questions that have none. They follow from the policy and
// its version, so that a command that comes twice is answered alike. A question that
// names an id must be one of the policy's already.
func (p *AssignmentPolicy) NameQuestions(old []Question, version int64) error {
	var faults []error
	for i := range p.Questions {
		q := &p.Questions[i]
		known := slices.ContainsFunc(old, func(was Question) bool { return was.ID == q.ID })
		if q.ID != "" && !known {
			faults = append(faults, Errorf(Invalid, "questions[%d].id names no question of this policy: leave it out to ask a new one.", i))
		}
		if q.ID == "" {
			q.ID = questionID(p.ID, version, i)
		}
	}
	return AllFaults(faults...)
}

// questionID derives the id of a question that is new in a version of a policy.
func questionID(p PolicyID, version int64, i int) QuestionID {
	h := sha256.Sum256(fmt.Appendf(nil, "question %s %d %d", p, version, i))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80 // a UUID of version 8: one of our own making
	return QuestionID(fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16]))
}

// CheckTexts cleans the texts of a policy, those of its questions too, and says all that is
// wrong with them.
func (p *AssignmentPolicy) CheckTexts() error {
	name, noName := Name("displayName", p.DisplayName)
	description, noDescription := Description("description", p.Description)
	p.DisplayName, p.Description = name, description
	return AllFaults(append([]error{noName, noDescription}, p.checkQuestions()...)...)
}

// checkQuestions cleans the texts of a policy's questions, and returns all that is wrong.
func (p *AssignmentPolicy) checkQuestions() (faults []error) {
	if len(p.Questions) > MaxQuestions {
		return []error{Errorf(Invalid, "questions: a policy asks at most %d.", MaxQuestions)}
	}

	size := 0
	for i := range p.Questions {
		q := &p.Questions[i]
		at := fmt.Sprintf("questions[%d]", i)
		faults = append(faults, q.check(at)...)
		size += q.size()
		if slices.ContainsFunc(p.Questions[:i], func(other Question) bool { return other.ID == q.ID && q.ID != "" }) {
			faults = append(faults, Errorf(Invalid, "%s.id stands there twice.", at))
		}
	}

	if size > MaxQuestionBytes {
		faults = append(faults, Errorf(Invalid, "questions: all texts of a policy's questions together take at most %d bytes.", MaxQuestionBytes))
	}
	return faults
}

func (q *Question) check(at string) (faults []error) {
	faults = append(faults, cleanShort(at+".text", &q.Text), cleanLocalizations(at, q.Localizations))

	switch q.Kind {
	case TextQuestion:
		if len(q.Choices) > 0 || q.Multiple {
			faults = append(faults, Errorf(Invalid, "%s: choices and isMultipleSelectionAllowed are for questions of the type %s.", at, ChoiceQuestion))
		}
		_, err := compilePattern(at+".regexPattern", q.Pattern)
		return append(faults, err)
	case ChoiceQuestion:
		if q.Pattern != "" || q.SingleLine {
			faults = append(faults, Errorf(Invalid, "%s: regexPattern and isSingleLineQuestion are for questions of the type %s.", at, TextQuestion))
		}
		return append(faults, q.checkChoices(at)...)
	default:
		return append(faults, Errorf(Invalid, "%s.@odata.type must be #microsoft.graph.%s or #microsoft.graph.%s.", at, TextQuestion, ChoiceQuestion))
	}
}

func (q *Question) checkChoices(at string) (faults []error) {
	if len(q.Choices) == 0 || len(q.Choices) > MaxChoices {
		return []error{Errorf(Invalid, "%s.choices must hold 1 to %d choices.", at, MaxChoices)}
	}

	for i := range q.Choices {
		c := &q.Choices[i]
		where := fmt.Sprintf("%s.choices[%d]", at, i)
		faults = append(faults, cleanShort(where+".actualValue", &c.Value), cleanShort(where+".text", &c.Text), cleanLocalizations(where, c.Localizations))

		if slices.ContainsFunc(q.Choices[:i], func(other Choice) bool { return other.Value == c.Value }) {
			faults = append(faults, Errorf(Invalid, "%s.actualValue is that of another choice too.", where))
		}
		// An answer that chooses several separates them by it.
		if q.Multiple && strings.Contains(c.Value, choiceSeparator) {
			faults = append(faults, Errorf(Invalid, "%s.actualValue must not contain %q, which separates several choices in an answer.", where, choiceSeparator))
		}
	}
	return faults
}

func cleanShort(what string, s *string) error {
	clean, err := Name(what, *s)
	if err == nil {
		err = checkText(what, clean, MaxQuestionText, false)
	}
	*s = clean
	return err
}

// cleanLocalizations returns the first thing that is wrong with texts in other languages.
func cleanLocalizations(at string, all []Localized) error {
	if len(all) > MaxLocalizations {
		return Errorf(Invalid, "%s.localizations holds at most %d languages.", at, MaxLocalizations)
	}
	for i := range all {
		where := fmt.Sprintf("%s.localizations[%d]", at, i)
		if !languageCode.MatchString(all[i].Language) {
			return Errorf(Invalid, "%s.languageCode must be a language such as de or pt-BR.", where)
		}
		if slices.ContainsFunc(all[:i], func(l Localized) bool { return strings.EqualFold(l.Language, all[i].Language) }) {
			return Errorf(Invalid, "%s.languageCode stands there twice.", where)
		}
		if err := cleanShort(where+".text", &all[i].Text); err != nil {
			return err
		}
	}
	return nil
}

var languageCode = regexp.MustCompile(`\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\z`)

// size returns how many bytes the texts of a question take.
func (q Question) size() int {
	n := len(q.Text) + len(q.Pattern) + localizedSize(q.Localizations)
	for _, c := range q.Choices {
		n += len(c.Value) + len(c.Text) + localizedSize(c.Localizations)
	}
	return n
}

func localizedSize(all []Localized) (n int) {
	for _, l := range all {
		n += len(l.Language) + len(l.Text)
	}
	return n
}

// compilePattern returns what the whole of an answer must match, nil where anything does. A
// pattern is in RE2's syntax, which is matched in time linear in the answer, and small.
func compilePattern(what, pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil
	}
	if err := checkText(what, pattern, MaxPattern, false); err != nil {
		return nil, err
	}

	whole := `\A(?:` + pattern + `)\z`
	parsed, err := syntax.Parse(whole, syntax.Perl)
	if err != nil {
		return nil, Errorf(Invalid, "%s is no regular expression in the syntax of RE2, which knows neither lookaround nor backreferences.", what)
	}
	if prog, err := syntax.Compile(parsed.Simplify()); err != nil || len(prog.Inst) > maxPatternSteps {
		return nil, Errorf(Invalid, "%s repeats too much: use smaller counts.", what)
	}

	compiled, err := regexp.Compile(whole)
	if err != nil {
		return nil, Errorf(Invalid, "%s is no regular expression in the syntax of RE2.", what)
	}
	return compiled, nil
}

// In returns the text of a question for a reader of the languages, the dearest first: that of
// the first language that there is, by its whole code or else its first part, and the default
// text where there is none (R76).
func (q Question) In(languages []string) string { return textIn(q.Text, q.Localizations, languages) }

// In is the text of a choice for a reader of the languages.
func (c Choice) In(languages []string) string { return textIn(c.Text, c.Localizations, languages) }

func textIn(text string, all []Localized, languages []string) string {
	for _, wanted := range languages {
		short, _, _ := strings.Cut(wanted, "-")
		for _, code := range []string{wanted, short} {
			i := slices.IndexFunc(all, func(l Localized) bool { return strings.EqualFold(l.Language, code) })
			if i >= 0 {
				return all[i].Text
			}
		}
	}
	return text
}

// Ordered returns questions in the order in which they are asked.
func Ordered(all []Question) []Question {
	all = slices.Clone(all)
	order.SortStableFunc(all, func(a, b Question) int { return a.Sequence - b.Sequence })
	return all
}

// Shown is what an answer means to people: of choices their texts.
func (a Answer) Shown() string {
	if a.Question.Kind != ChoiceQuestion {
		return a.Value
	}
	var texts []string
	for _, value := range a.Question.chosen(a.Value) {
		i := slices.IndexFunc(a.Question.Choices, func(c Choice) bool { return c.Value == value })
		if i < 0 {
			return a.Value
		}
		texts = append(texts, a.Question.Choices[i].Text)
	}
	return strings.Join(texts, "; ")
}

func (q Question) chosen(value string) []string {
	if !q.Multiple {
		return []string{value}
	}
	all := strings.Split(value, choiceSeparator)
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// answered returns the answer to a question, as it is kept.
func (q Question) answered(what, value string) (Answer, error) {
	clean, err := q.checkAnswer(what, value)
	if err != nil {
		return Answer{}, err
	}

	kept := q
	kept.Localizations, kept.Choices = nil, nil
	for _, c := range q.Choices {
		if q.Editable || slices.Contains(q.chosen(clean), c.Value) {
			c.Localizations = nil
			kept.Choices = append(kept.Choices, c)
		}
	}
	return Answer{Question: kept, Value: clean}, nil
}

// checkAnswer returns an answer without what surrounds it, or why it is none.
func (q Question) checkAnswer(what, value string) (string, error) {
	value = strings.TrimSpace(withoutMarks(value))
	if value == "" {
		if q.Required {
			return "", Errorf(Precondition, "%s: the question %q must be answered.", what, q.Text) // R72
		}
		return "", nil
	}

	if q.Kind == ChoiceQuestion {
		return q.checkChosen(what, value)
	}

	limit := MaxReason
	if !q.SingleLine {
		limit = MaxDescription
	}
	if err := checkText(what, value, limit, !q.SingleLine); err != nil {
		return "", err
	}

	must, err := compilePattern("regexPattern", q.Pattern)
	if err != nil {
		return "", err
	}
	if must != nil && !must.MatchString(value) {
		return "", Errorf(Precondition, "%s: the answer to %q must match %s.", what, q.Text, q.Pattern) // R71
	}
	return value, nil
}

func (q Question) checkChosen(what, value string) (string, error) {
	chosen := q.chosen(value)
	for i, one := range chosen {
		offered := slices.ContainsFunc(q.Choices, func(c Choice) bool { return c.Value == one })
		if !offered || slices.Contains(chosen[:i], one) {
			return "", Errorf(Precondition, "%s: the answer to %q must be %s of the question's choices.", what, q.Text, map[bool]string{false: "one", true: "one or several, separated by a semicolon,"}[q.Multiple])
		}
	}
	return strings.Join(chosen, choiceSeparator), nil
}

// ask returns the answers to questions as a request keeps them. Everything that is wrong is
// said at once. Where demanded, required questions must be answered (R72).
func ask(questions []Question, given []GivenAnswer, demanded bool) ([]Answer, error) {
	faults := misgiven(questions, given)

	var all []Answer
	size := 0
	for _, q := range Ordered(questions) {
		i := slices.IndexFunc(given, func(g GivenAnswer) bool { return g.Question == q.ID })
		value := ""
		if i >= 0 {
			value = given[i].Value
		}
		if q.Required = q.Required && demanded || q.Required && i >= 0; value == "" && !q.Required && !q.Editable {
			continue
		}

		a, err := q.answered("answers", value)
		faults = append(faults, err)
		size += len(a.Value)
		all = append(all, a)
	}

	if size > MaxAnswerBytes {
		faults = append(faults, Errorf(Invalid, "answers: all together take at most %d bytes.", MaxAnswerBytes))
	}
	if err := AllFaults(faults...); err != nil {
		return nil, err
	}
	return all, nil
}

// misgiven returns what is wrong with answers whatever they say: they answer what is not
// asked, or a question twice.
func misgiven(questions []Question, given []GivenAnswer) (faults []error) {
	for i, g := range given {
		if !slices.ContainsFunc(questions, func(q Question) bool { return q.ID == g.Question }) {
			faults = append(faults, Errorf(Invalid, "answers[%d].answeredQuestion.id names no question that is asked here: getApplicablePolicyRequirements lists those of the policy.", i))
		}
		if slices.ContainsFunc(given[:i], func(other GivenAnswer) bool { return other.Question == g.Question }) {
			faults = append(faults, Errorf(Invalid, "answers[%d] answers a question a second time.", i))
		}
	}
	return faults
}

// recorded writes a question as events hold it.
func (q Question) recorded() string {
	words := []string{string(q.ID), string(q.Kind), q.Text, fmt.Sprint(q.Sequence)}
	for word, holds := range map[string]bool{"isRequired": q.Required, "isAnswerEditable": q.Editable, "isSingleLineQuestion": q.SingleLine, "isMultipleSelectionAllowed": q.Multiple} {
		if holds {
			words = append(words, word)
		}
	}
	slices.Sort(words[4:])

	words = append(words, localizedWords(q.Localizations)...)
	if q.Pattern != "" {
		words = append(words, "regexPattern "+q.Pattern)
	}
	for _, c := range q.Choices {
		words = append(words, "choice "+c.Value+" "+c.Text)
		words = append(words, localizedWords(c.Localizations)...)
	}
	return strings.Join(words, "; ")
}

func localizedWords(all []Localized) (words []string) {
	for _, l := range all {
		words = append(words, l.Language+" "+l.Text)
	}
	return words
}

// asksLess reports that questions which had to be answered need not be any more, or may be
// answered otherwise.
func asksLess(before, after []Question) bool {
	return slices.ContainsFunc(before, func(was Question) bool {
		i := slices.IndexFunc(after, func(is Question) bool { return is.ID == was.ID })
		return was.Required && (i < 0 || !after[i].Required || was.Pattern != "" && was.Pattern != after[i].Pattern)
	})
}

// askAgain returns the answers that an update gives: those alone, and of requestors those
// alone that may be changed (R75). Nothing else is demanded.
func askAgain(questions []Question, given []GivenAnswer, self bool) ([]Answer, error) {
	faults := misgiven(questions, given)
	var asked []Question
	for _, q := range questions {
		if !slices.ContainsFunc(given, func(g GivenAnswer) bool { return g.Question == q.ID }) {
			continue
		}
		if self && !q.Editable {
			faults = append(faults, notEditable(q))
		}
		asked = append(asked, q)
	}
	if err := AllFaults(faults...); err != nil {
		return nil, err
	}
	return ask(asked, given, false)
}

func notEditable(q Question) error {
	return Errorf(Precondition, "The answer to %q cannot be changed: the policy does not say isAnswerEditable of the question.", q.Text)
}

// AnswersInput is what an approver puts in the place of a requestor's answers.
type AnswersInput struct {
	Answers   []GivenAnswer
	Command   string
	AllowedBy string
}

// Reanswer lets a reviewer of the running stage change answers to those questions that let
// them (R70). Events name the questions: what people answered is in the request alone.
func Reanswer(r AssignmentRequest, w AnswersInput, reviewer User, manager UserID, now time.Time) (AssignmentRequest, Change, error) {
	stage := r.Current()
	switch {
	case stage == nil:
		return r, Change{}, Errorf(Conflict, "This request is %s; its answers cannot be changed any more.", r.State)
	case !r.MayReview(reviewer, manager):
		return r, Change{}, Errorf(Forbidden, "Answers are changed by the approvers of the running stage.")
	case !now.Before(stage.Deadline):
		return r, Change{}, Errorf(Conflict, "The time to decide ended at %s; the request counts as denied.", stage.Deadline.Format(time.RFC3339))
	case len(w.Answers) == 0:
		return r, Change{}, Errorf(Invalid, "answers must hold the answers to change.")
	}

	changed, err := r.reanswered(w.Answers)
	if err != nil {
		return r, Change{}, err
	}

	e := Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "answersChanged", Actor: reviewer.ID, Command: w.Command, AllowedBy: w.AllowedBy, At: now,
		Data: map[string]string{"stage": stage.ID, "questions": inWords(changed)}}
	r.Answers = slices.Clone(r.Answers)
	for _, g := range w.Answers {
		a := &r.Answers[slices.IndexFunc(r.Answers, func(a Answer) bool { return a.Question.ID == g.Question })]
		a.Value, _ = a.Question.checkAnswer("answers", g.Value)
	}
	r.Chain, e = r.Chain.Append(withStates(e, string(r.State), string(r.State)))
	return r, Change{Requests: []AssignmentRequest{r}, Events: []Event{e}}, nil
}

// reanswered returns the questions whose answers may be changed as given, or all that is
// wrong with that.
func (r AssignmentRequest) reanswered(given []GivenAnswer) (changed []QuestionID, err error) {
	var asked []Question
	size := 0
	for _, a := range r.Answers {
		asked = append(asked, a.Question)
		size += len(a.Value)
	}

	faults := misgiven(asked, given)
	for _, g := range given {
		i := slices.IndexFunc(asked, func(q Question) bool { return q.ID == g.Question })
		if i < 0 {
			continue
		}
		if !asked[i].Editable {
			faults = append(faults, notEditable(asked[i]))
			continue
		}
		_, err := asked[i].checkAnswer("answers", g.Value)
		faults = append(faults, err)
		size += len(g.Value)
		changed = append(changed, g.Question)
	}

	if size > MaxAnswerBytes {
		faults = append(faults, Errorf(Invalid, "answers: all together take at most %d bytes.", MaxAnswerBytes))
	}
	return changed, AllFaults(faults...)
}
