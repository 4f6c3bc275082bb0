// An n-gram student in a page or in Node: `const student = await Student.load(wasm, folder)`, `student.classify("a text")`.

export class Student {
  /** From bytes: the program, and the files of a student's folder; `calibration` may be left out. */
  static async fromBytes(program, config, weights, calibration) {
    const { instance } = await WebAssembly.instantiate(program, {});
    const student = new Student();
    student.calls = instance.exports;
    student.write(config);
    student.calls.take_config();
    if (calibration) {
      student.write(calibration);
      student.calls.take_calibration();
    }
    student.write(weights);
    const failed = student.calls.take_weights();
    const said = new TextDecoder().decode(student.read());
    if (failed) throw new Error(said);
    student.labels = JSON.parse(said);
    return student;
  }

  /** From addresses: the program, and the folder of the student. */
  static async load(program, folder) {
    const bytes = async (address, optional) => {
      const response = await fetch(address);
      if (!response.ok && optional) return undefined;
      if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
      return new Uint8Array(await response.arrayBuffer());
    };
    const files = ["config.json", "model.safetensors"].map((name) => bytes(`${folder}/${name}`));
    const calibration = bytes(`${folder}/calibration.json`, true);
    return Student.fromBytes(...(await Promise.all([bytes(program), ...files, calibration])));
  }

  /** Probabilities by label for a text, or a pair of texts, the most likely first. */
  classify(text, pair) {
    const encoder = new TextEncoder();
    const first = encoder.encode(text);
    const second = pair === undefined ? new Uint8Array() : encoder.encode(pair);
    const both = new Uint8Array(first.length + second.length);
    both.set(first);
    both.set(second, first.length);
    this.write(both);
    const classes = this.calls.answer(pair === undefined ? both.length : first.length);
    const bytes = this.read();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const found = Array.from({ length: classes }, (_, place) => ({
      label: this.labels[place],
      probability: view.getFloat32(4 * place, true),
    }));
    return found.sort((a, b) => b.probability - a.probability);
  }

  write(bytes) {
    const start = this.calls.buffer(bytes.length);
    new Uint8Array(this.calls.memory.buffer, start, bytes.length).set(bytes);
  }

  read() {
    const length = this.calls.length();
    return new Uint8Array(this.calls.memory.buffer, this.calls.buffer(length), length).slice();
  }
}
