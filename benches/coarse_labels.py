"""Makes few coarse classes of a data set with many labels, so that each class hides structure.

    pip install pyarrow
    python benches/coarse_labels.py BANKING77_FOLDER datasets/banking77-even-odd
    python benches/coarse_labels.py BANKING77_FOLDER datasets/banking77-8 --classes 8
    python benches/coarse_labels.py CLINC150_FOLDER datasets/clinc150-money --money
    lelp quickstart --data datasets/banking77-even-odd --out comparison

By default the classes are even and odd label numbers; with --classes N the label number modulo N; with --money whether
an intent of CLINC150 is of its domains "banking" and "credit cards" (Larson et al. 2019). The fine label stays in column
`fine_label`.
"""

import argparse
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

MONEY = set(
    """freeze_account routing pin_change bill_due pay_bill account_blocked interest_rate min_payment bill_balance transfer
    order_checks balance spending_history transactions report_fraud replacement_card_duration expiration_date damaged_card
    improve_credit_score report_lost_card card_declined credit_limit_change apr redeem_rewards credit_limit rewards_balance
    application_status credit_score new_card international_fees""".split()
)


def coarse(table: pa.Table, arguments: argparse.Namespace) -> pa.Array:
    if arguments.money:
        return pa.array(["money" if name in MONEY else "other" for name in table["label_name"].to_pylist()])
    return pa.array([label % arguments.classes for label in table["label"].to_pylist()], pa.int32())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    rule = parser.add_mutually_exclusive_group()
    rule.add_argument("--classes", type=int, default=2)
    rule.add_argument("--money", action="store_true")
    arguments = parser.parse_args()
    arguments.target.mkdir(parents=True, exist_ok=True)
    for split in ["train", "validation", "test"]:
        table = pq.read_table(arguments.source / f"{split}.parquet")
        labels = coarse(table, arguments)
        columns = {"text": table["text"], "label": labels, "fine_label": table["label"]}
        pq.write_table(pa.table(columns), arguments.target / f"{split}.parquet")
        counts = ", ".join(f"{count['values']}: {count['counts']}" for count in labels.value_counts().to_pylist())
        print(f"{split}: {table.num_rows} rows, {counts}")


if __name__ == "__main__":
    main()
