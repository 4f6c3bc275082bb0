#!/usr/bin/env python3
"""How much load a service bears: `lelp serve` beside FastAPI with fastText and FastAPI with ONNX Runtime, in one run.

    pip install fastapi uvicorn httptools uvloop fasttext onnxruntime tokenizers numpy pyarrow
    python benches/serve_load.py LELP STUDENT TRAIN.parquet [--encoder ENCODER_STUDENT] [--seconds 5] [--connections 4] [--json]

LELP is the program, STUDENT the folder of an n-gram student of single texts, TRAIN the file that fastText learns from and whose texts
are asked. With --encoder, the folder of an encoder student in Hugging Face's format, it is served by ours in f32 and int8, and as
`lelp export` writes it by ONNX Runtime with tokenizers. The client is the example `load` of lelp-serve, built with the release
profile (or --client PROGRAM); it shares the processors with the service, as the goals have it. Everything listens on the loopback
address and ends with this program.

A row: requests of so many texts, texts a second, median and 99th percentile of a request in milliseconds. The Python
services take the body as pydantic reads it and answer the same JSON.
"""

import argparse
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import textwrap
import time

import pyarrow.parquet as parquet

FASTTEXT = """
    import sys, fasttext, fastapi, pydantic
    model, app = fasttext.load_model(sys.argv[2]), fastapi.FastAPI()
    class Body(pydantic.BaseModel):
        inputs: list[list[str]]
    @app.post("/predict")
    def predict(body: Body):
        labels, scores = model.predict([row[0] for row in body.inputs], k=-1)
        return [[{"score": float(s), "label": l[9:]} for l, s in zip(*row)] for row in zip(labels, scores)]
"""

ONNX = """
    import sys, fastapi, pydantic, numpy, onnxruntime, tokenizers
    folder, app = sys.argv[2], fastapi.FastAPI()
    session = onnxruntime.InferenceSession(folder + "/model.onnx")
    names = [one.name for one in session.get_inputs()]
    labels = __import__("json").loads(session.get_modelmeta().custom_metadata_map["labels"])
    tokenizer = tokenizers.Tokenizer.from_file(folder + "/tokenizer.json")
    tokenizer.enable_padding(pad_id=0)
    class Body(pydantic.BaseModel):
        inputs: list[list[str]]
    @app.post("/predict")
    def predict(body: Body):
        all = tokenizer.encode_batch([row[0] for row in body.inputs])
        given = {"input_ids": [one.ids for one in all], "attention_mask": [one.attention_mask for one in all],
                 "token_type_ids": [one.type_ids for one in all]}
        logits = session.run(["logits"], {name: numpy.array(given[name], numpy.int64) for name in names})[0]
        shares = numpy.exp(logits - logits.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        return [[{"score": float(s), "label": l} for l, s in zip(labels, row)] for row in shares]
"""

SERVER = """
    import uvicorn
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait(port, process):
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"the service ended with {process.returncode}: {process.stderr.read().decode()}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("the service does not listen")


def python_service(program, argument):
    def start(port):
        source = textwrap.dedent(program) + textwrap.dedent(SERVER)
        return subprocess.Popen([sys.executable, "-c", source, str(port), argument], stderr=subprocess.PIPE)

    return start


def own_service(program, folder, *flags):
    def start(port):
        command = [program, "serve", "--model", folder, "--address", f"127.0.0.1:{port}", "--quiet", *flags]
        return subprocess.Popen(command, stderr=subprocess.PIPE)

    return start


def measure(client, start, bodies, texts, arguments):
    """Warms the service up with a second of requests, then loads it."""
    port = free_port()
    process = start(port)
    try:
        wait(port, process)
        for seconds in (1, arguments.seconds):
            command = [client, f"127.0.0.1:{port}", "/predict", bodies, str(seconds), str(arguments.connections), str(texts)]
            figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return figures
    finally:
        process.terminate()
        process.wait(60)


def build_client():
    build = ["cargo", "build", "--release", "-p", "lelp-serve", "--example", "load", "--message-format", "json"]
    messages = subprocess.run(build, check=True, capture_output=True, text=True).stdout.splitlines()
    return [path for path in (json.loads(line).get("executable") for line in messages) if path][-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lelp")
    parser.add_argument("student")
    parser.add_argument("train")
    parser.add_argument("--encoder")
    parser.add_argument("--client")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--json", action="store_true", help="print an object a line in place of a table")
    arguments = parser.parse_args()
    client = arguments.client or build_client()
    table = parquet.read_table(arguments.train, columns=["text", "label"]).to_pydict()
    texts = [" ".join(text.split()) for text in table["text"]]
    with tempfile.TemporaryDirectory() as room:
        room = pathlib.Path(room)
        services = [("n-gram", "lelp", own_service(arguments.lelp, arguments.student))]
        import fasttext

        lines = room / "train.txt"
        lines.write_text("".join(f"__label__{label} {text}\n" for text, label in zip(texts, table["label"])))
        model = fasttext.train_supervised(str(lines), wordNgrams=2, bucket=1 << 18, dim=32, epoch=2, thread=2, verbose=0)
        model.save_model(str(room / "fasttext.bin"))
        services.append(("n-gram", "FastAPI + fastText", python_service(FASTTEXT, str(room / "fasttext.bin"))))
        if arguments.encoder:
            exported = room / "exported"
            exported.mkdir()
            command = [arguments.lelp, "export", "--model", arguments.encoder, "--out", exported / "model.onnx"]
            subprocess.run(command, check=True, capture_output=True)
            (exported / "tokenizer.json").write_bytes((pathlib.Path(arguments.encoder) / "tokenizer.json").read_bytes())
            services += [
                ("encoder", "lelp", own_service(arguments.lelp, arguments.encoder)),
                ("encoder", "lelp int8", own_service(arguments.lelp, arguments.encoder, "--precision", "int8")),
                ("encoder", "FastAPI + ONNX Runtime", python_service(ONNX, str(exported))),
            ]
        if not arguments.json:
            print("model | service | texts a request | texts/s | p50 ms | p99 ms | refused")
        for size in (32, 1):
            bodies = room / f"bodies-{size}.jsonl"
            some = texts[: 100 * size]
            bodies.write_text("".join(json.dumps({"inputs": [[text] for text in some[at : at + size]]}) + "\n" for at in range(0, len(some), size)))
            for model, name, start in services:
                figures = measure(client, start, str(bodies), size, arguments)
                if arguments.json:
                    print(json.dumps({"model": model, "service": name, "texts": size, **figures}), flush=True)
                else:
                    print(f"{model} | {name} | {size} | {figures['texts_per_second']:.0f} | {figures['p50_ms']:.2f} | {figures['p99_ms']:.2f} | {figures['refused'] + figures['unanswered']}", flush=True)


if __name__ == "__main__":
    main()
