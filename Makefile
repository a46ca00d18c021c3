# Thin names for the two commands; the rules are in `run` and `test`.
.PHONY: run check test quick full

run:
	./run

check test:
	./test

quick:
	./test quick

full:
	./test full
