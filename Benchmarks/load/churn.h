// Connect, read '*', one request, close, and again.
#pragma once
#include "connection.h"

void churn_open(struct connection *c, uint64_t now);
void churn_readable(struct connection *c);
