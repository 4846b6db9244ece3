import json

import common
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="not a secret",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.sessions"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware"],
    # Without DEBUG, Django would mail its tracebacks and print nothing.
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["console"]},
    },
)


def where(request):
    return JsonResponse(
        {
            "url": request.build_absolute_uri(request.path),
            "root": request.META["SCRIPT_NAME"],
            "path": request.path_info,
            "client": request.META["REMOTE_ADDR"],
        }
    )


def form(request):
    return JsonResponse(dict(request.POST))


def upload(request):
    file = request.FILES["file"]
    return JsonResponse({"note": request.POST["note"], "name": file.name, "file": common.digest(file)})


def counted(request):
    request.session["count"] = request.session.get("count", 0) + 1
    return HttpResponse(str(request.session["count"]))


def file(request):
    return FileResponse(common.file_of(int(request.GET["size"])), content_type="application/octet-stream")


def stream(request, name):
    return StreamingHttpResponse(getattr(common, name)(), content_type="text/event-stream")


def closed(request):
    return HttpResponse(json.dumps(common.closed))


def advance(request):
    common.advance()
    return HttpResponse()


def meet(request):
    common.meet()
    return HttpResponse("met")


def rest(request):
    common.rest(request.environ["wsgi.errors"])
    return HttpResponse("rested")


def wake(request):
    common.wake()
    return HttpResponse()


def fail(request):
    common.fail()


urlpatterns = [path("stream/<name>", stream)] + [
    path(view.__name__, view)
    for view in (where, form, upload, counted, file, closed, advance, meet, rest, wake, fail)
]
app = get_wsgi_application()
