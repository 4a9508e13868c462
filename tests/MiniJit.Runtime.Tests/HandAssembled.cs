using System;
using System.Runtime.InteropServices;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using Xunit;

namespace MiniJit.Runtime.Tests;

/// <summary>Machine code written by hand, as a compiler would hand it over.</summary>
internal static class HandAssembled
{
    public static bool IsArm64 { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static ExternalName Name(string text) => ExternalName.Symbol(text);

    public static CompiledCode Code(params ReadOnlySpan<byte> bytes)
    {
        CompiledCode code = new() { CodeSize = bytes.Length };
        code.Buffer.AddRange(bytes);
        return code;
    }

    /// <summary>Instructions of AArch64.</summary>
    public static CompiledCode Words(params ReadOnlySpan<uint> words)
    {
        CompiledCode code = new() { CodeSize = words.Length * sizeof(uint) };
        code.Buffer.AddRange(MemoryMarshal.AsBytes(words));
        return code;
    }

    /// <summary>The one for this machine.</summary>
    public static CompiledCode OfHost(CompiledCode x64, CompiledCode arm64) => IsArm64 ? arm64 : x64;

    public static CompiledCode Trap(this CompiledCode code, int offset, TrapCode trap)
    {
        code.TrapTable.Add(new(offset, trap));
        return code;
    }

    public static CompiledCode Source(this CompiledCode code, int start, int end, uint location)
    {
        code.SourceMapTable.Add(new(start, end, location));
        return code;
    }

    public static CompiledCode Reloc(this CompiledCode code, int offset, RelocationKind kind, string target, long addend = 0)
    {
        code.RelocationTable.Add(new(offset, kind, Name(target), addend));
        return code;
    }

    /// <summary><c>mov eax, value ; ret</c>, or <c>movz w0, low ; movk w0, high ; ret</c>.</summary>
    public static CompiledCode Return(int value) => OfHost(
        Code(0xB8, (byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24), 0xC3),
        Words(0x5280_0000 | ((uint)value & 0xFFFF) << 5, 0x72A0_0000 | (uint)value >> 16 << 5, 0xD65F_03C0));

    // long f(long a, long b) in the System V convention, called in the host's through values[0], values[1] with the result in values[0]:
    //   push rbx ; mov rbx, rsi ; mov rax, rdi ; mov rdi, [rbx] ; mov rsi, [rbx+16] ; call rax ; mov [rbx], rax ; pop rbx ; ret
    // Windows, where rdi and rsi are callee-saved and the arguments come in rcx and rdx:
    //   push rbx ; push rsi ; push rdi ; sub rsp, 32 ; mov rbx, rdx ; mov rax, rcx ; … ; add rsp, 32 ; pop rdi ; pop rsi ; pop rbx ; ret
    // AArch64:
    //   stp x29, x30, [sp, #-32]! ; str x19, [sp, #16] ; mov x19, x1 ; mov x9, x0 ; ldr x0, [x19] ; ldr x1, [x19, #16] ; blr x9 ; str x0, [x19] ;
    //   ldr x19, [sp, #16] ; ldp x29, x30, [sp], #32 ; ret
    public static CompiledCode BinaryTrampoline() => OfHost(
        OperatingSystem.IsWindows()
            ? Code(
                0x53, 0x56, 0x57, 0x48, 0x83, 0xEC, 32, 0x48, 0x89, 0xD3, 0x48, 0x89, 0xC8, 0x48, 0x8B, 0x3B, 0x48, 0x8B, 0x73, 0x10, 0xFF, 0xD0,
                0x48, 0x89, 0x03, 0x48, 0x83, 0xC4, 32, 0x5F, 0x5E, 0x5B, 0xC3)
            : Code(
                0x53, 0x48, 0x89, 0xF3, 0x48, 0x89, 0xF8, 0x48, 0x8B, 0x3B, 0x48, 0x8B, 0x73, 0x10, 0xFF, 0xD0, 0x48, 0x89, 0x03, 0x5B, 0xC3),
        Words(
            0xA9BE_7BFD, 0xF900_0BF3, 0xAA01_03F3, 0xAA00_03E9, 0xF940_0260, 0xF940_0A61, 0xD63F_0120, 0xF900_0260,
            0xF940_0BF3, 0xA8C2_7BFD, 0xD65F_03C0));

    public static void Publish(this JitModule module)
    {
        bool published = module.TryPublish(out var errors);
        Assert.True(published, string.Join("; ", errors));
    }

    /// <summary>Calls a function of two integers.</summary>
    public static unsafe TrapInfo Call(this JitFunction function, JitFunction trampoline, long a, long b, out long result)
    {
        UInt128* values = stackalloc UInt128[2];
        values[0] = (ulong)a;
        values[1] = (ulong)b;
        TrapInfo trap = function.InvokeThrough(trampoline.Address, values);
        result = (long)(ulong)values[0];
        return trap;
    }
}
