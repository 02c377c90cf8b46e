// Node-API as this addon uses it: the C interface on hot paths, node-addon-api on cold ones.
#pragma once

#ifndef NAPI_VERSION
#define NAPI_VERSION 9
#endif
#ifndef NAPI_CPP_EXCEPTIONS
#define NAPI_CPP_EXCEPTIONS
#endif

#include <napi.h>
#include <node_api.h>
