"""Hello, as Flask's own guide has it."""

from flask import Flask

application = Flask(__name__)


@application.route("/hello")
def hello():
    return "Hello World!!", {"Content-Type": "text/plain"}
