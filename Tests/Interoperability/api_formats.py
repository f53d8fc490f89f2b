"""What schemathesis sends: as `date-time` instants of the years that the program knows, as NDJSON the text itself."""

from datetime import datetime, timedelta, timezone

import schemathesis
from hypothesis import strategies

zones = strategies.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
instants = strategies.datetimes(datetime(1901, 1, 1), datetime(2198, 12, 31), timezones=zones)
schemathesis.openapi.format("date-time", instants.map(lambda instant: instant.isoformat(timespec="milliseconds")))


@schemathesis.serializer("application/x-ndjson", "application/yaml", "application/x-yaml", "text/yaml")
def lines(context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
