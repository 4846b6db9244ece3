<?php
// Not a program of its own: the server calls php-cgi with it, because of its ending.

header('Content-Type: text/html; charset=utf-8');
$name = $_GET['name'] ?? 'World';
?>
<p>Hello <?= htmlspecialchars(is_string($name) ? $name : 'World') ?>, it is <?= gmdate('Y') ?>.</p>
