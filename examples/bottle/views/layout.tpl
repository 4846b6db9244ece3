<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{title}}</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; }
body { margin: 15vh auto; max-width: 30rem; padding: 0 1.25rem; font: 1.1rem/1.6 Georgia, serif; text-align: center; }
time { display: block; font-size: clamp(3rem, 20vw, 7rem); line-height: 1.2; font-variant-numeric: tabular-nums; }
input, button { font: inherit; padding: 0.2rem 0.6rem; max-width: 100%; }
</style>
<h1>{{title}}</h1>
{{!base}}
</html>
