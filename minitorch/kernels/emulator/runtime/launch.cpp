// What Python calls.
#include <link.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "runtime.h"

using namespace emulator;

namespace {

struct Search {
    uintptr_t address, begin, end, image_end;
};

// The executable part of the library that holds an address, and where the whole library ends.
int visit(dl_phdr_info* info, size_t, void* data) {
    Search* search = static_cast<Search*>(data);
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr)& part = info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + part.p_vaddr;
        if (part.p_type != PT_LOAD) continue;
        search->image_end = begin + part.p_memsz;
        if (search->address - begin < part.p_memsz) {
            search->begin = info->dlpi_addr;
            search->end = begin + part.p_memsz;
        }
    }
    return search->end != 0;
}

Search find(const void* address) {
    Search search = {reinterpret_cast<uintptr_t>(address), 0, 0, 0};
    dl_iterate_phdr(visit, &search);
    return search;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

// Runs a kernel. Returns null, or why it was not started; a fault of the kernel is in the report.
const char* minitorch_launch(Launch* what, Report* where) {
    launch = what;
    report = where;
    begin_report();
    begin_shuffles();
    const char* problem = place_arrays();
    if (problem) {
        launch = nullptr;
        return problem;
    }
    Search kernel = find(reinterpret_cast<const void*>(launch->entry));
    launch->code_begin = kernel.begin;
    launch->code_end = kernel.end;
    launch->image_end = kernel.image_end;
    Search runtime = find(reinterpret_cast<const void*>(&minitorch_launch));
    runtime_begin = runtime.begin;
    runtime_end = runtime.end;
    const std::vector<char> variables(launch->global_begin, launch->global_end);
    if (launch->check && !begin_check()) {
        problem = "there is not enough memory to check the accesses to it";
    } else if (install_handlers()) {
        run_blocks();
        if (begins_again) {
            std::copy(variables.begin(), variables.end(), launch->global_begin);
            begin_report();
            begin_shuffles();
            problem = place_arrays();
            if (!problem && !begin_check()) problem = "there is not enough memory to check each byte of it";
            if (!problem) run_blocks();
        }
    } else {
        remove_handlers();
        problem = "the system gives no timer or no signal stack";
    }
    if (!problem) remove_handlers();
    end_check();
    int slot = -1;
    if (report->fault == Fault::none && !canaries_intact(&slot)) {
        report->fault = Fault::before_or_after;
        report->slot = slot;
    }
    if (report->fault == Fault::none && launch->check) {
        const uintptr_t poisoned = new_poison();
        if (poisoned) report_undefined_shuffle(poisoned);
    }
    bring_back_arrays();
    if (report->fault != Fault::none) std::copy(variables.begin(), variables.end(), launch->global_begin);
    fflush(stdout);
    launch = nullptr;
    return problem;
}

// So that Python can tell whether it knows the same layout.
uint64_t minitorch_sizes() { return sizeof(Launch) | sizeof(Report) << 16 | sizeof(Array) << 32; }

}
#pragma GCC visibility pop
