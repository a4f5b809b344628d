// Switching from one stack to another. What the system offers (swapcontext) makes a system call each time; for the two
// common processors a few instructions do.
#pragma once

#include <cstddef>

#if defined(__x86_64__) && !defined(MINITORCH_PORTABLE)

// The registers that a function must keep are put on the stack that is left, and taken from the one that is entered.
extern "C" void minitorch_switch(void** leaving, void* entering);
asm(R"(
.text
.type minitorch_switch, @function
minitorch_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size minitorch_switch, .-minitorch_switch
)");

struct Context {
    void* stack = nullptr;

    // The first switch here calls `start` on the stack that ends at `top`.
    void prepare(char*, char* top, void (*start)()) {
        void** words = reinterpret_cast<void**>(top) - 8;
        for (int i = 0; i < 8; ++i) words[i] = nullptr;
        words[6] = reinterpret_cast<void*>(start);  // returned to; above it the return address of `start`: none
        stack = words;
    }
    void switch_to(Context& other) { minitorch_switch(&stack, other.stack); }
};

#elif defined(__aarch64__) && !defined(MINITORCH_PORTABLE)

extern "C" void minitorch_switch(void** leaving, void* entering);
asm(R"(
.text
.type minitorch_switch, %function
minitorch_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
.size minitorch_switch, .-minitorch_switch
)");

struct Context {
    void* stack = nullptr;

    void prepare(char*, char* top, void (*start)()) {
        void** words = reinterpret_cast<void**>(top) - 20;
        for (int i = 0; i < 20; ++i) words[i] = nullptr;
        words[11] = reinterpret_cast<void*>(start);  // x30, the address to return to
        stack = words;
    }
    void switch_to(Context& other) { minitorch_switch(&stack, other.stack); }
};

#else

#include <ucontext.h>

struct Context {
    ucontext_t state;

    void prepare(char* bottom, char* top, void (*start)()) {
        getcontext(&state);
        state.uc_stack.ss_sp = bottom;
        state.uc_stack.ss_size = size_t(top - bottom);
        state.uc_link = nullptr;
        makecontext(&state, start, 0);
    }
    void switch_to(Context& other) { swapcontext(&state, &other.state); }
};

#endif
