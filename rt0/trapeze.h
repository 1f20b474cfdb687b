// SPDX-License-Identifier: BSD-3-Clause
// Trapeze: all of it. Goroutines, channels, select, memory, files, sockets, processes, signals, threads, printing, the environment.
#pragma once
#include "chan/chan.h"
#include "chan/select.h"
#include "sched/sched.h"
#include "sync/mal.h"
#include "sys/args.h"
#include "sys/errno.h"
#include "sys/file.h"
#include "sys/net.h"
#include "sys/panic.h"
#include "sys/poll.h"
#include "sys/print.h"
#include "sys/process.h"
#include "sys/resource.h"
#include "sys/signals.h"
#include "sys/thread.h"
