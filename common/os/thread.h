#pragma once

#include <functional>
#include <thread>
#include <vector>

namespace pitr {

// Starts a thread that no signal reaches: they reach the main thread only, whose reads and writes turn them
// into an Error. False when the system gives no more threads.
bool start_thread(std::vector<std::jthread>& threads, std::function<void()> body);

}  // namespace pitr
