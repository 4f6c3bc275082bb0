#!/usr/bin/env python3
"""The service asked by clients as they are: those of Triton, of Hugging Face and of OpenAI, unchanged.

    pip install 'tritonclient[http]' huggingface_hub openai
    python3 benches/serve_clients.py LELP STUDENT TEXTS

LELP is the program, STUDENT the folder of a student of single texts, TEXTS a file of texts, one a line. Every answer is held
against `lelp predict --json`; prints a line for each client, and ends with an error if one differs.
"""

import json
import pathlib
import re
import subprocess
import sys
import urllib.request

import huggingface_hub
import numpy
import openai
import tritonclient.http

LELP, STUDENT, TEXTS = sys.argv[1:]
texts = [line for line in pathlib.Path(TEXTS).read_text().splitlines() if line.strip()][:200]
predicted = subprocess.run([LELP, "predict", "--model", STUDENT, "--json"], input="\n".join(texts) + "\n", text=True,
                           capture_output=True, check=True).stdout
expected = [json.loads(line)["probabilities"] for line in predicted.splitlines()]
labels = json.loads((pathlib.Path(STUDENT) / "config.json").read_text())["labels"]
name = pathlib.Path(STUDENT).resolve().name


def compare(client, answers):
    """Holds probabilities by label against those of `lelp predict`."""
    assert len(answers) == len(expected), f"{client}: {len(answers)} answers to {len(expected)} texts"
    worst = max(abs(a[label] - e[label]) for a, e in zip(answers, expected) for label in labels)
    print(f"{client}: {len(answers)} answers, largest difference {worst:.1e}")
    assert worst < 1e-6, client


def triton(address):
    client = tritonclient.http.InferenceServerClient(address)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(name)
    metadata = client.get_model_metadata(name)
    assert [tensor["name"] for tensor in metadata["inputs"]] == ["text"], metadata
    for binary in (True, False):
        tensor = tritonclient.http.InferInput("text", [len(texts)], "BYTES")
        tensor.set_data_from_numpy(numpy.array([text.encode() for text in texts], dtype=object), binary_data=binary)
        outputs = None if binary else [tritonclient.http.InferRequestedOutput("probabilities", binary_data=False)]
        found = client.infer(name, [tensor], outputs=outputs)
        rows = found.as_numpy("probabilities")
        compare(f"tritonclient {'binary' if binary else 'JSON'}", [dict(zip(labels, map(float, row))) for row in rows])
        if binary:
            said = [label.decode() for label in found.as_numpy("label")]
            assert said == [max(row, key=row.get) for row in expected]
    client.load_model(name)
    try:
        client.infer("other", [tensor])
    except tritonclient.utils.InferenceServerException as error:
        assert "no model `other`" in error.message(), error
    else:
        raise AssertionError("an unknown model was answered")


def hugging_face(address):
    client = huggingface_hub.InferenceClient(f"http://{address}", token="none")
    answers = [{e.label: e.score for e in client.text_classification(text)} for text in texts]
    compare("huggingface_hub", answers)
    assert len(client.text_classification(texts[0], top_k=1)) == 1


def open_ai(address):
    client = openai.OpenAI(base_url=f"http://{address}/v1", api_key="none")
    choices = [{"value": label} for label in labels]
    question = {"type": "choice", "name": "own", "instructions": "Which is it?", "choices": choices}
    answers = [client.decisions.create(model=name, input=text, questions=[question]).answers[0] for text in texts]
    compare("openai", [{p.value: p.probability for p in answer.probabilities} for answer in answers])
    assert [answer.choice for answer in answers] == [max(row, key=row.get) for row in expected]
    assert [model.id for model in client.models.list()] == [name]
    for bad, error in [(dict(model="other"), openai.NotFoundError), (dict(questions=[]), openai.BadRequestError)]:
        asked = dict(model=name, input=texts[0], questions=[question]) | bad
        try:
            client.decisions.create(**asked)
        except error:
            continue
        raise AssertionError(f"{bad} was answered")


def text_embeddings_inference(address):
    body = json.dumps({"inputs": [[text] for text in texts]}).encode()
    request = urllib.request.Request(f"http://{address}/predict", body, {"Content-Type": "application/json"})
    answers = json.load(urllib.request.urlopen(request))
    compare("text-embeddings-inference's /predict", [{p["label"]: p["score"] for p in row} for row in answers])


service = subprocess.Popen([LELP, "serve", "--model", STUDENT, "--address", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
try:
    address = next(json.loads(line)["address"] for line in service.stderr if re.match(r'\{.*"listening"', line))
    # The log must be read, or it fills the pipe.
    subprocess.Popen(["cat"], stdin=service.stderr, stdout=subprocess.DEVNULL)
    for client in (triton, hugging_face, open_ai, text_embeddings_inference):
        client(address)
finally:
    service.terminate()
    assert service.wait(30) == 0
