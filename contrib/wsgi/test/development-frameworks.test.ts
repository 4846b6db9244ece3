// Development mode under frameworks in their own debug modes, whose reloaders must not get into the way.

import { pythonWith } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import { Front } from './front.ts';
import { Project } from './project.ts';

const FLASK = `import os, threading
import flask
application = flask.Flask("shop")

@application.route("/")
def index():
    threads = sorted(thread.name for thread in threading.enumerate())
    return flask.jsonify(value="first", debug=application.debug, threads=threads, main=os.environ.get("WERKZEUG_RUN_MAIN"))
`;

const DJANGO = `import os, threading
from django.conf import settings
settings.configure(DEBUG=True, ALLOWED_HOSTS=["*"], SECRET_KEY="secret", ROOT_URLCONF="urls")
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
`;

const URLS = `import os, threading
from django.conf import settings
from django.http import JsonResponse
from django.urls import path

def index(request):
    threads = sorted(thread.name for thread in threading.enumerate())
    return JsonResponse({"value": "first", "debug": settings.DEBUG, "threads": threads, "main": os.environ.get("RUN_MAIN")})

urlpatterns = [path("", index)]
`;

for (const [module, edited, files] of [
  ['flask', 'app.py', { 'app.py': FLASK }],
  // Django imports this one when the first request comes.
  ['django', 'urls.py', { 'app.py': DJANGO, 'urls.py': URLS }],
] as const) {
  const python = pythonWith(module);
  describe.runIf(python)(module, () => {
    test('an edit is answered by the next request; its own reloader is not there', {
      timeout: 30_000,
    }, async () => {
      using project = new Project(files);
      await using front = await Front.open('app:application', {
        chdir: project.folder,
        python: python as string,
        processEnvironment: { FLASK_DEBUG: '1' },
        reload: true,
      });
      const seen = { debug: true, threads: ['MainThread', 'fapws-owner'], main: null };
      expect(await front.json('/')).toEqual({ ...seen, value: 'first' });
      const text: string = (files as Record<string, string>)[edited] as string;
      project.write(edited, text.replace('first', 'again'));
      expect(await front.json('/')).toEqual({ ...seen, value: 'again' });
      project.write(edited, `${text}\nreturn`);
      const page = await front.ask('/', { headers: ['Accept: text/html'] });
      // Django's own, because it is a request that imports the file.
      expect(page.status).toBe('500 Internal Server Error');
      expect(page.body).toContain('outside function');
      project.write(edited, text);
      expect(await front.json('/')).toEqual({ ...seen, value: 'first' });
    });
  });
}
