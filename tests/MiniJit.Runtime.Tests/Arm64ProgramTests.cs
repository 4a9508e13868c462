using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using MiniJit.Codegen.Settings;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Objects;
using MiniJit.Runtime.Publication;
using Xunit;

namespace MiniJit.Runtime.Tests;

/// <summary>
/// AArch64 for real, under qemu: a static executable that our own tools write maps memory, writes functions into it, runs the plan of
/// AArch64 Linux with the routines that the runtime uses, and lets four threads call; then it does so again in the same memory.
/// </summary>
public sealed class Arm64ProgramTests
{
    private const int Rounds = 50, Workers = 3, Functions = 8, Spacing = 72;
    private const ulong CodeSize = 0x1000;

    // Registers. State: the memory that threads share.
    private const int Worker = 19, State = 20, Code = 21, DataLine = 22, InstructionLine = 23, Round = 24, Registrations = 25;
    private const int Index = 26, Place = 27, Wrong = 28, Return = 29;

    // Offsets in the state: the published address and round, what each worker has finished and found wrong, what is written at the end.
    private const uint Entry = 0, Published = 8, Finished = 64, Failures = 128, Summary = 256;

    private const uint Mmap = 222, Mprotect = 226, Clone = 220, SystemMembarrier = 283, Write = 64, ExitGroup = 94;

    [Fact]
    public void Threads_run_what_the_plan_of_AArch64_published_and_never_what_was_there_before()
    {
        string? qemu = Find("qemu-aarch64");
        Assert.SkipWhen(qemu is null, "qemu-aarch64 is not installed");
        string path = Path.Combine(AppContext.BaseDirectory, $"publish-{Environment.ProcessId}");
        try
        {
            File.WriteAllBytes(path, WriteExecutable());
            ObjectTests.MakeExecutable(path);
            ProcessStartInfo start = new(qemu!, [path]) { RedirectStandardOutput = true };
            using Process process = Process.Start(start)!;
            byte[] summary = new byte[32];
            process.StandardOutput.BaseStream.ReadAtLeast(summary, summary.Length, throwOnEndOfStream: false);
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"the program ended with {process.ExitCode}: {(process.ExitCode is > 0 and <= 6 ? s_problems[process.ExitCode] : "?")}");
            Assert.Equal(Rounds, BinaryPrimitives.ReadInt64LittleEndian(summary));

            // The kernel refused the first time, because nobody had registered, and never again.
            Assert.Equal(1, BinaryPrimitives.ReadInt64LittleEndian(summary.AsSpan(8)));
            Assert.InRange(BinaryPrimitives.ReadInt64LittleEndian(summary.AsSpan(16)), 16, 2048);
            Assert.InRange(BinaryPrimitives.ReadInt64LittleEndian(summary.AsSpan(24)), 16, 2048);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>What the routines are, by an independent disassembler.</summary>
    [Fact]
    public void The_routines_are_the_instructions_that_their_comments_say()
    {
        string? tool = Find("llvm-mc");
        Assert.SkipWhen(tool is null, "llvm-mc is not installed");
        List<string> bytes = [];
        foreach (byte b in MemoryMarshal.AsBytes(Arm64CacheRoutines.Words))
        {
            bytes.Add($"0x{b:x2}");
        }

        ProcessStartInfo start = new(tool!, ["--disassemble", "--triple=aarch64"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(string.Join(' ', bytes));
        process.StandardInput.Close();
        string[] lines = Array.ConvertAll(
            process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), line => line.Replace('\t', ' '));
        process.WaitForExit();
        string[] loop = ["neg x3, x2", "and x0, x0, x3", "cmp x0, x1", "b.hs #16", "dc cvau, x0", "add x0, x0, x2", "b #-16", "ret"];
        Assert.Equal(
            [".text", "mrs x0, CTR_EL0", "ret", .. loop, .. Array.ConvertAll(loop, line => line.Replace("dc cvau", "ic ivau", StringComparison.Ordinal)), "dsb ish", "ret", "isb", "ret"],
            lines);
    }

    private static readonly string[] s_problems =
    [
        "", "a function returned what it should not", "no memory", "no thread", "the cores cannot be synchronised", "no permission to write or execute", "a worker found a wrong result",
    ];

    private static byte[] WriteExecutable()
    {
        Assert.True(TargetTriple.TryParse("aarch64-linux", out TargetTriple triple));
        ObjectModule module = new(triple);
        module.DefineCode(HandAssembled.Name("_start"), Assemble(), []);
        Assert.True(module.TryFind(HandAssembled.Name("_start"), out int entry));
        Assert.True(StaticExecutable.TryWrite(module, entry, out byte[] file, out IReadOnlyList<LinkError> errors), string.Join("; ", errors));
        return file;
    }

    private static byte[] Assemble()
    {
        A64Writer a = new();
        Map(a, State, 0x10000);
        Map(a, Code, CodeSize);
        a.Bl("read cache type");
        a.Mov(1, 4ul);
        a.Ubfx(DataLine, 0, 16, 4);
        a.Lslv(DataLine, 1, DataLine);
        a.Ubfx(InstructionLine, 0, 0, 4);
        a.Lslv(InstructionLine, 1, InstructionLine);
        a.Mov(Registrations, 0ul);
        for (int i = 0; i < Workers; i++)
        {
            a.Mov(Worker, (ulong)i);
            a.Mov(0, 0x50F00ul);                      // CLONE_VM | FS | FILES | SIGHAND | THREAD | SYSVSEM
            a.Add(1, State, 0);
            a.Mov(2, (ulong)(0x4000 * (i + 1)));
            a.AddRegister(1, 1, 2);
            Zero(a, 2, 3, 4);
            a.Svc(Clone);
            a.Cbz(0, "worker");
            a.Cmn(0, 0);
            a.Blt("no thread");
        }

        a.Mov(Round, 1ul);
        a.Label("round");
        Protect(a, 3);
        WriteFunctions(a);
        RunPlan(a);

        // Reachable: the address, then the round, which workers wait for.
        a.Str(Code, State, Entry);
        a.Add(0, State, Published);
        a.Stlr(Round, 0);
        a.Mov(Wrong, 0ul);
        a.Bl("check");
        a.Cbnz(Wrong, "wrong");
        AwaitWorkers(a);
        a.Add(Round, Round, 1);
        a.Mov(1, (ulong)Rounds);
        a.Cmp(Round, 1);
        a.Ble("round");

        a.Mov(1, (ulong)Rounds);
        a.Str(1, State, Summary);
        a.Str(Registrations, State, Summary + 8);
        a.Str(DataLine, State, Summary + 16);
        a.Str(InstructionLine, State, Summary + 24);
        a.Mov(0, 1ul);
        a.Add(1, State, Summary);
        a.Mov(2, 32ul);
        a.Svc(Write);
        Exit(a, 0);

        WriteCheck(a);
        WriteWorker(a);
        string[] problems = ["", "wrong", "no memory", "no thread", "no sync", "no protection", "worker failed"];
        for (int code = 1; code < problems.Length; code++)
        {
            a.Label(problems[code]);
            Exit(a, (ulong)code);
        }

        ReadOnlySpan<uint> words = Arm64CacheRoutines.Words;
        Routine(a, "read cache type", words[Arm64CacheRoutines.ReadCacheType..Arm64CacheRoutines.Clean]);
        Routine(a, "clean", words[Arm64CacheRoutines.Clean..Arm64CacheRoutines.Invalidate]);
        Routine(a, "invalidate", words[Arm64CacheRoutines.Invalidate..Arm64CacheRoutines.Barrier]);
        Routine(a, "barrier", words[Arm64CacheRoutines.Barrier..Arm64CacheRoutines.Sync]);
        Routine(a, "sync", words[Arm64CacheRoutines.Sync..]);
        return a.Finish();
    }

    // Function f: movz x0, #(round + f) ; ret
    private static void WriteFunctions(A64Writer a)
    {
        a.Mov(3, 0xD65F_03C0ul);
        a.Mov(4, 0xD280_0000ul);
        for (uint f = 0; f < Functions; f++)
        {
            a.Add(1, Round, f);
            a.Lsl(1, 1, 5);
            a.Orr(1, 1, 4);
            a.StrW(1, Code, f * Spacing);
            a.StrW(3, Code, f * Spacing + 4);
        }
    }

    /// <summary>CleanDataLines, DataBarrier, InvalidateInstructionLines, DataBarrier, ContextSync, ProtectExecute, SynchronizeCores.</summary>
    private static void RunPlan(A64Writer a)
    {
        Range(a, DataLine);
        a.Bl("clean");
        a.Bl("barrier");
        Range(a, InstructionLine);
        a.Bl("invalidate");
        a.Bl("barrier");
        a.Bl("sync");
        Protect(a, 5);
        a.Label("synchronize");
        SyncCores(a, 32);
        a.Cbz(0, "synchronized");
        a.Cmn(0, 1);                                  // EPERM: register, try again
        a.Bne("no sync");
        a.Add(Registrations, Registrations, 1);
        SyncCores(a, 64);
        a.Cbnz(0, "no sync");
        a.B("synchronize");
        a.Label("synchronized");
    }

    private static void AwaitWorkers(A64Writer a)
    {
        for (uint i = 0; i < Workers; i++)
        {
            a.Label($"await {i}");
            a.Yield();
            a.Add(0, State, Finished + (8 * i));
            a.Ldar(1, 0);
            a.Cmp(1, Round);
            a.Bne($"await {i}");
            a.Ldr(1, State, Failures + (8 * i));
            a.Cbnz(1, "worker failed");
        }
    }

    // Calls every function and compares; Wrong counts.
    private static void WriteCheck(A64Writer a)
    {
        a.Label("check");
        a.Mov(Return, 30);
        a.Mov(Index, 0ul);
        a.Ldr(Place, State, Entry);
        a.Label("next function");
        a.Blr(Place);
        a.AddRegister(1, Round, Index);
        a.Cmp(0, 1);
        a.Beq("right");
        a.Add(Wrong, Wrong, 1);
        a.Label("right");
        a.Add(Place, Place, Spacing);
        a.Add(Index, Index, 1);
        a.Mov(1, (ulong)Functions);
        a.Cmp(Index, 1);
        a.Bne("next function");
        a.Ret(Return);
    }

    private static void WriteWorker(A64Writer a)
    {
        a.Label("worker");
        a.Mov(Round, 0ul);
        a.Mov(Wrong, 0ul);
        a.Lsl(Worker, Worker, 3);
        a.AddRegister(Worker, Worker, State);
        a.Label("wait");
        a.Yield();
        a.Add(0, State, Published);
        a.Ldar(1, 0);
        a.Cmp(1, Round);
        a.Beq("wait");
        a.Mov(Round, 1);
        a.Bl("check");
        a.Str(Wrong, Worker, Failures);
        a.Add(0, Worker, Finished);
        a.Stlr(Round, 0);
        a.B("wait");
    }

    private static void Map(A64Writer a, int register, ulong size)
    {
        a.Mov(1, size);
        a.Mov(2, 3ul);
        a.Mov(3, 0x22ul);                             // MAP_PRIVATE | MAP_ANONYMOUS
        a.Mov(4, ulong.MaxValue);
        Zero(a, 0, 5);
        a.Svc(Mmap);
        a.Cmn(0, 0);
        a.Blt("no memory");
        a.Mov(register, 0);
    }

    private static void Protect(A64Writer a, ulong access)
    {
        a.Mov(0, Code);
        a.Mov(1, CodeSize);
        a.Mov(2, access);
        a.Svc(Mprotect);
        a.Cbnz(0, "no protection");
    }

    private static void SyncCores(A64Writer a, ulong command)
    {
        a.Mov(0, command);
        Zero(a, 1, 2);
        a.Svc(SystemMembarrier);
    }

    private static void Range(A64Writer a, int line)
    {
        a.Mov(0, Code);
        a.Add(1, Code, Functions * Spacing);
        a.Mov(2, line);
    }

    private static void Exit(A64Writer a, ulong code)
    {
        a.Mov(0, code);
        a.Svc(ExitGroup);
    }

    private static void Zero(A64Writer a, params ReadOnlySpan<int> registers)
    {
        foreach (int register in registers)
        {
            a.Mov(register, 0ul);
        }
    }

    private static void Routine(A64Writer a, string name, ReadOnlySpan<uint> words)
    {
        a.Label(name);
        a.Words(words);
    }

    private static string? Find(string program)
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            string path = Path.Combine(folder, program);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }
}
