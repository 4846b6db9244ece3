// Signals and failures with an application in Python.

import { installed } from '@fapws/testing';
import { signalsSuite } from './signals.suite.ts';

signalsSuite({ language: 'Python', args: ['wsgi', 'app'], here: installed('python3'), quick: 'SIGINT' });
