package graph

import (
	"context"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/views"
)

// readQuestions reads what a policy asks of requestors.
func readQuestions(o *strict.Object) (all []entitlement.Question) {
	for _, each := range o.Objects("questions") {
		all = append(all, readQuestion(each))
	}
	return all
}

func readQuestion(o *strict.Object) entitlement.Question {
	q := entitlement.Question{Kind: entitlement.QuestionKind(o.Type())}
	strict.ID(o, "id", &q.ID)
	o.Text("text", &q.Text)
	q.Localizations = readLocalizations(o)
	o.Int("sequence", &q.Sequence)
	o.Bool("isRequired", &q.Required)
	o.Bool("isAnswerEditable", &q.Editable)

	o.Bool("isSingleLineQuestion", &q.SingleLine)
	o.Text("regexPattern", &q.Pattern)

	o.Bool("isMultipleSelectionAllowed", &q.Multiple)
	for _, c := range o.Objects("choices") {
		choice := entitlement.Choice{Localizations: readLocalizations(c)}
		c.Text("actualValue", &choice.Value)
		c.Text("text", &choice.Text)
		q.Choices = append(q.Choices, choice)
	}
	return q
}

func readLocalizations(o *strict.Object) (all []entitlement.Localized) {
	for _, each := range o.Objects("localizations") {
		var l entitlement.Localized
		each.Text("languageCode", &l.Language)
		each.Text("text", &l.Text)
		all = append(all, l)
	}
	return all
}

// readAnswers reads answers to questions. What is shown of an answer follows from its value.
func readAnswers(o *strict.Object) (all []entitlement.GivenAnswer) {
	for _, each := range o.Objects("answers") {
		if kind := each.Type(); kind != "" && kind != answerType {
			each.Fail("@odata.type", "must be "+typePrefix+answerType+".")
		}
		each.Ignore("displayValue")

		var a entitlement.GivenAnswer
		each.Text("value", &a.Value)
		q := each.Object("answeredQuestion")
		q.Ignore("text", "localizations", "sequence", "isRequired", "isAnswerEditable", "isSingleLineQuestion", "regexPattern", "isMultipleSelectionAllowed", "choices")
		if strict.ID(q, "id", &a.Question); a.Question == "" {
			q.Fail("id", "must name the question that is answered.")
		}
		all = append(all, a)
	}
	return all
}

const answerType = "accessPackageAnswerString"

func mapQuestion(q entitlement.Question) object { return mapQuestionFor(nil)(q) }

// mapQuestionFor shows questions to a reader of the languages.
func mapQuestionFor(languages []string) func(entitlement.Question) object {
	return func(q entitlement.Question) object {
		o := object{"@odata.type": typePrefix + string(q.Kind), "id": string(q.ID), "text": q.In(languages), "localizations": objects(q.Localizations, mapLocalized),
			"sequence": q.Sequence, "isRequired": q.Required, "isAnswerEditable": q.Editable}
		if q.Kind == entitlement.ChoiceQuestion {
			o["isMultipleSelectionAllowed"] = q.Multiple
			o["choices"] = objects(q.Choices, func(c entitlement.Choice) object {
				return object{"actualValue": c.Value, "text": c.In(languages), "localizations": objects(c.Localizations, mapLocalized)}
			})
			return o
		}
		o["isSingleLineQuestion"], o["regexPattern"] = q.SingleLine, text(q.Pattern)
		return o
	}
}

func mapLocalized(l entitlement.Localized) object {
	return object{"languageCode": l.Language, "text": l.Text}
}

// mapAnswers shows what was answered. A question that nobody has answered is left out.
func mapAnswers(all []entitlement.Answer) []any {
	out := []any{}
	for _, a := range all {
		if a.Value != "" {
			out = append(out, object{"@odata.type": typePrefix + answerType, "value": a.Value, "displayValue": a.Shown(),
				"answeredQuestion": mapQuestion(a.Question)})
		}
	}
	return out
}

// languages are those in which the caller reads, the dearest first, as the browser sends them.
// Those that it wants less it names later; what is no language fits no text.
func (c *call) languages() (all []string) {
	const most = 10
	for entry := range strings.SplitSeq(c.request.Header.Get("Accept-Language"), ",") {
		code, weight, _ := strings.Cut(strings.TrimSpace(entry), ";")
		if code = strings.TrimSpace(code); code != "" && strings.TrimSpace(weight) != "q=0" && len(all) < most {
			all = append(all, code)
		}
	}
	return all
}

// changeAnswers lets an approver change what was answered to questions that let them.
func changeAnswers(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	sameID(o, c.path["assignmentRequestId"])
	given := readAnswers(o)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	r, err := c.deps.Requests.ChangeAnswers(ctx, c.by, id[entitlement.RequestID](c, "assignmentRequestId"), given)
	if err != nil {
		return response{}, err
	}
	shown := views.OfRequests([]entitlement.AssignmentRequest{r})
	if err := c.deps.Views.Requests(ctx, c.by.Caller, shown, views.With{views.JoinPeople: nil, views.JoinPackage: nil}); err != nil {
		return response{}, err
	}
	return single(ctx, c, requestDetails(), shown[0])
}
