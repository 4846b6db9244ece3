import common
from pyramid.config import Configurator
from pyramid.response import FileIter, Response
from pyramid.session import SignedCookieSessionFactory


def where(request):
    return {"url": request.path_url, "root": request.script_name, "path": request.path_info, "client": request.client_addr}


def form(request):
    return request.POST.dict_of_lists()


def upload(request):
    file = request.POST["file"]
    return {"note": request.POST["note"], "name": file.filename, "file": common.digest(file.file)}


def counted(request):
    request.session["count"] = request.session.get("count", 0) + 1
    return Response(str(request.session["count"]))


def file(request):
    size = int(request.GET["size"])
    content = common.file_of(size)
    wrapper = request.environ.get("wsgi.file_wrapper", FileIter)
    return Response(app_iter=wrapper(content), content_length=size, content_type="application/octet-stream")


def stream(request):
    return Response(app_iter=getattr(common, request.matchdict["name"])(), content_type="text/event-stream")


def closed(request):
    return common.closed


def advance(request):
    common.advance()
    return Response()


def meet(request):
    common.meet()
    return Response("met")


def rest(request):
    common.rest(request.environ["wsgi.errors"])
    return Response("rested")


def wake(request):
    common.wake()
    return Response()


def fail(request):
    common.fail()


def create():
    config = Configurator(session_factory=SignedCookieSessionFactory("not a secret"))
    config.add_route("stream", "/stream/{name}")
    config.add_view(stream, route_name="stream")
    for view in (where, form, upload, counted, file, closed, advance, meet, rest, wake, fail):
        config.add_route(view.__name__, "/" + view.__name__)
        config.add_view(view, route_name=view.__name__, renderer="json")
    return config.make_wsgi_app()
