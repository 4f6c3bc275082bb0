"""Even and odd digits: a teacher of scikit-learn, LELP's targets, and students that learn from them.

    python examples/python_digits.py
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from lelp import LELP, DistilledClassifier

images, digits = load_digits(return_X_y=True)
images = (images / 16).astype(np.float32)
train, test, y_train, y_test = train_test_split(images, digits % 2, test_size=0.5, random_state=0, stratify=digits)

# A teacher: its last hidden layer is the embedding, its one output is the logit of "odd".
teacher = MLPClassifier((64,), max_iter=400, random_state=0).fit(train, y_train)
weight, bias = teacher.coefs_[1].T, teacher.intercepts_[1]


def embed(rows):
    return np.maximum(rows @ teacher.coefs_[0] + teacher.intercepts_[0], 0).astype(np.float32)


# Soft labels over five subclasses of each class; over a class they sum to the teacher's probability.
split = LELP(subclasses=5, head=(weight, bias)).fit(embed(train))
targets = split.transform(embed(train))
assert np.allclose(targets.reshape(-1, 2, 5).sum(2), teacher.predict_proba(train), atol=1e-4)
print(f"targets {targets.shape}, teacher {teacher.score(test, y_test):.3f}")

# Students of sixteen hidden units: from labels, from the teacher's probabilities, and from its subclasses.
settings = {"hidden": 16, "epochs": 100}
for method in ["ce", "kd", "lelp"]:
    student = DistilledClassifier(method, settings=settings)
    if method == "ce":
        student.fit(train, y_train)
    else:
        student.fit(train, y_train, teacher_proba=teacher.predict_proba(train), embeddings=embed(train))
    print(f"{method} {student.score(test, y_test):.3f}")
