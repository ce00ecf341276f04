"""Fetches MovieLens 100K and writes the ratings that the model is judged and calibrated on.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r requirements.txt
    /tmp/venv/bin/python prepare.py
"""

import argparse
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from packages import read_files

PACKAGE, FOLDER = "recbole==1.2.1", "recbole/dataset_example/ml-100k"
DIGESTS = {
    "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
    "ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
    "ml-100k.user": "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
}
HELDOUT, CALIBRATION, SEED = 10_000, 2048, 7


def table(text):
    """Rows by column name; RecBole writes `name:type` into the first line."""
    header, *rows = (line.split("\t") for line in text.splitlines())
    return [dict(zip((column.split(":")[0] for column in header), row)) for row in rows]


def one_hot(values):
    """float32 [rows, kinds]: which of the sorted kinds are among the words of each value."""
    kinds = sorted({word for value in values for word in value.split()})
    return np.asarray([[kind in value.split() for kind in kinds] for value in values], np.float32)


def users_and_films(users, films):
    """What is known of each: age, gender, occupation; year, genres. Row i is of number i + 1."""
    in_order = lambda rows, key: sorted(rows, key=lambda row: int(row[key]))
    users, films = in_order(users, "user_id"), in_order(films, "item_id")
    age = np.asarray([[float(user["age"]) / 50 - 0.7] for user in users], np.float32)
    female = np.asarray([[user["gender"] == "F"] for user in users], np.float32)
    years = [int(year) if (year := film["release_year"]).isdigit() else 1990 for film in films]
    year = (np.asarray(years, np.float32)[:, None] - 1990) / 20
    genres = one_hot([film["class"] for film in films])
    return np.hstack([age, female, one_hot([user["occupation"] for user in users])]), np.hstack([year, genres])


def load():
    """All ratings in a seeded order: user and item int64 [N], from 0; features float32 [N, F]; targets float32 [N, 1], 1 to 5."""
    files = read_files(PACKAGE, {f"{FOLDER}/{name}": digest for name, digest in DIGESTS.items()})
    ratings, films, users = (table(files[f"{FOLDER}/{name}"].decode("latin-1")) for name in DIGESTS)
    user, item = (np.asarray([int(row[key]) - 1 for row in ratings]) for key in ("user_id", "item_id"))
    of_user, of_film = users_and_films(users, films)
    targets = np.asarray([[float(row["rating"])] for row in ratings], np.float32)
    order = np.random.default_rng(SEED).permutation(len(ratings))
    arrays = {"user": user, "item": item, "features": np.hstack([of_user[user], of_film[item]]), "targets": targets}
    return {name: array[order] for name, array in arrays.items()}


def part(arrays, start, stop):
    return {name: array[start:stop] for name, array in arrays.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=HERE / "data")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)

    arrays = load()
    np.savez_compressed(arguments.folder / "heldout.npz", **part(arrays, 0, HELDOUT))
    known = part(arrays, HELDOUT, HELDOUT + CALIBRATION)
    del known["targets"]
    np.savez_compressed(arguments.folder / "calibration.npz", **known)
    print(f"{HELDOUT} ratings held out of {len(arrays['user'])}, variance {arrays['targets'][:HELDOUT].var():.3f}")


if __name__ == "__main__":
    main()
