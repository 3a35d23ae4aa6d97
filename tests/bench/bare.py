"""The baseline: Flask answers every webhook with one constant document."""

from flask import Flask, Response

app = Flask(__name__, static_folder=None)
DOCUMENT = '<?xml version="1.0" encoding="UTF-8"?><Response><Pause length="1" /></Response>'


@app.post("/voice")
def incoming() -> Response:
    return Response(DOCUMENT, mimetype="text/xml")


@app.post("/voice/turn/<int:turn>")
def turn(turn: int) -> Response:
    return Response(DOCUMENT, mimetype="text/xml")
