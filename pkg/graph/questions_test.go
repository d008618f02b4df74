package graph

import (
	"net/http"
	"testing"
)

// asking is a policy that a manager decides under, and that asks two questions.
func asking(w *fixture) object {
	p := approved(w)
	p["questions"] = []any{
		object{"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion", "text": "Region?", "sequence": "2", "isRequired": "false", "isAnswerEditable": "true",
			"choices": []any{object{"actualValue": "eu", "text": "Europe", "localizations": []any{object{"languageCode": "de", "text": "Europa"}}}, object{"actualValue": "us", "text": "Americas"}}},
		object{"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Cost centre?", "sequence": "1", "isRequired": "true", "isSingleLineQuestion": true, "regexPattern": "[A-Z]{2}[0-9]{3}",
			"localizations": []any{object{"languageCode": "de", "text": "Kostenstelle?"}}},
	}
	return p
}

// answer is one answer as the documentation writes it.
func answer(question, value string) object {
	return object{"@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": value, "displayValue": value, "answeredQuestion": object{"id": question}}
}

func TestR73_AnswersAreShownToThoseWhoDecide(t *testing.T) {
	w := newFixture(t)
	w.offer(asking(w))

	requirements := packagePath + "/" + w.ids["package"] + "/getApplicablePolicyRequirements"
	needs := w.send("member", "POST", requirements, nil, http.Header{"Accept-Language": {"fr;q=0.2, de-AT"}}).want(200)
	if got := dig(needs.one(), "questions"); needs.get("value.0.questions.0.text") != "Kostenstelle?" || needs.get("value.0.questions.1.choices.0.text") != "Europa" || needs.get("value.0.questions.1.text") != "Region?" {
		t.Errorf("R76: %s %s", got, needs.text)
	}
	cost, region := needs.get("value.0.questions.0.id"), needs.get("value.0.questions.1.id")

	ask := object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]}}
	w.call("member", "POST", requestPath, ask).want(422)
	ask["answers"] = []any{answer(cost, "AB123"), answer(region, "eu")}
	id := w.call("member", "POST", requestPath, ask).want(201).get("id")

	for who, path := range map[string]string{"member": requestPath + "/" + id, "manager": requestPath + "/" + id, "admin": ours + "/assignmentRequests/" + id} {
		got := w.call(who, "GET", path, nil).want(200)
		if got.get("answers.0.value") != "AB123" || got.get("answers.0.answeredQuestion.id") != cost || got.get("answers.1.displayValue") != "Europe" || got.get("answers.1.answeredQuestion.text") != "Region?" {
			t.Errorf("%s sees %s", who, got.text)
		}
	}

	// Approvers change what the question lets them, and nobody else anything.
	details := ours + "/assignmentRequests/" + id
	w.call("manager", "PATCH", details, object{"answers": []any{answer(cost, "AB124")}}).want(422)
	w.call("member", "PATCH", details, object{"answers": []any{answer(region, "us")}}).want(403)
	w.call("other", "PATCH", details, object{"answers": []any{answer(region, "us")}}).want(404)
	if got := w.call("manager", "PATCH", details, object{"answers": []any{answer(region, "us")}}).want(200); got.get("answers.1.displayValue") != "Americas" {
		t.Errorf("changed: %s", got.text)
	}
}

func TestR70_AReplacedPolicyKeepsItsQuestions(t *testing.T) {
	w := newFixture(t)
	w.offer(asking(w))
	at := em + "/assignmentPolicies/" + w.ids["policy"]
	first := w.call("admin", "GET", at+"?$expand=questions", nil).want(200)
	w.call("admin", "PUT", at, first.body).want(200)
	if again := w.call("admin", "GET", at+"?$expand=questions", nil).want(200); again.get("questions.0.id") != first.get("questions.0.id") || again.get("questions.1.choices.1.text") != "Americas" {
		t.Errorf("read back:\n%s\n%s", first.text, again.text)
	}

	p := asking(w)
	p["questions"] = []any{object{"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion"}, object{"text": "x", "id": sampleID}}
	p["expiration"] = object{"type": "afterDateTime", "endDateTime": "2020-01-01T00:00:00Z"}
	got := w.call("admin", "PUT", at, p).want(400)
	if want := "questions[1].id names no question of this policy: leave it out to ask a new one."; got.get("error.message") != want {
		t.Errorf("got %s, want %s", got.text, want)
	}
}
