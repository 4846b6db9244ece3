#!/bin/sh
# What is known of the request is in the environment; what is printed, after a head and an empty line, is the answer.

printf 'Content-Type: text/plain; charset=utf-8\n\n'
echo "Hello ${PATH_INFO#/}, I am ${SCRIPT_NAME}."
