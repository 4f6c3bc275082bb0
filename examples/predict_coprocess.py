"""Asks a student that runs beside the program: python3 predict_coprocess.py lelp student"""

import subprocess
import sys


class Student:
    def __init__(self, lelp, model):
        command = [lelp, "predict", "--model", model]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8", bufsize=1)

    def __call__(self, text):
        self.process.stdin.write(" ".join(text.split()) + "\n")
        label, probability, rest = self.process.stdout.readline().rstrip("\n").split("\t", 2)
        if not label:
            raise ValueError(rest)
        return label, float(probability)


student = Student(*sys.argv[1:3])
for query in ["where is my card card", "the fee fee"]:
    print(*student(query))
