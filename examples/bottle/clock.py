"""What time is it elsewhere? A Bottle application in one file, which works under any prefix."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from bottle import TEMPLATE_PATH, Bottle, HTTPError, redirect, request, response, view

TEMPLATE_PATH.insert(0, str(Path(__file__).parent / "views"))

ZONES = sorted(available_timezones())

app = Bottle()


def now_in(zone):
    # Asked of the list and not of ZoneInfo, which would look for a file of this name.
    if zone not in ZONES:
        raise HTTPError(404, "There is no time zone of this name.")
    return datetime.now(ZoneInfo(zone))


@app.hook("after_request")
def keep_nothing():
    response.set_header("Cache-Control", "no-store")


@app.get("/")
@view("zones")
def ask():
    return {"zones": ZONES, "root": request.script_name}


@app.post("/")
def answer():
    """The form leads to an address that can be kept."""
    zone = request.forms.zone.strip().replace(" ", "_")
    now_in(zone)
    redirect(app.get_url("zone", zone=zone))


@app.get("/zones/<zone:path>.json")
def zone_json(zone):
    now = now_in(zone)
    return {"zone": zone, "time": now.isoformat(timespec="seconds"), "summer_time": bool(now.dst())}


@app.get("/zones/<zone:path>", name="zone")
@view("zone")
def zone_page(zone):
    return {"zone": zone, "now": now_in(zone), "root": request.script_name}
