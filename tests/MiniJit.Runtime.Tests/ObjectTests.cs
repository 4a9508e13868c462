using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Objects;
using Xunit;

namespace MiniJit.Runtime.Tests;

/// <summary>Object files and executables made of machine code written by hand.</summary>
public sealed class ObjectTests
{
    private const uint Execute = 1, Write = 2;

    private static readonly TargetTriple s_x64 = Triple("x86_64-linux"), s_arm64 = Triple("aarch64-linux");

    [Fact]
    public void Relocation_numbers_are_in_enum_order_and_each_kind_belongs_to_somebody()
    {
        RelocationKind[] kinds = Enum.GetValues<RelocationKind>();
        Assert.Equal(kinds.Length, ElfMachine.Relocations.Length);
        foreach (RelocationKind kind in kinds)
        {
            (RelocationKind row, uint x64, uint arm64) = ElfMachine.Relocations[(int)kind];
            Assert.Equal(kind, row);
            Assert.Equal(!kind.ToString().StartsWith("Arm64", StringComparison.Ordinal), x64 != 0);
            Assert.Equal(!kind.ToString().StartsWith("X64", StringComparison.Ordinal), arm64 != 0);
        }
    }

    [Theory]
    [InlineData(0x94000000u, 283u)]
    [InlineData(0x14000000u, 282u)]
    public void A_branch_and_a_call_of_AArch64_are_different_relocations(uint instruction, uint type)
    {
        byte[] place = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(place, instruction);
        Assert.Equal(type, ElfMachine.Of(TargetArchitecture.Arm64).RelocationType(RelocationKind.Arm64Call, place));
    }

    [Fact]
    public void Names_that_become_the_same_linker_name_are_reported()
    {
        ObjectModule module = new(s_x64);
        module.Define(ExternalName.User(1, 2), HandAssembled.Return(1));
        module.Define(HandAssembled.Name("u1_2"), HandAssembled.Return(2));
        Assert.False(RelocatableObject.TryWrite(module, out _, out IReadOnlyList<LinkError> errors));
        LinkError error = Assert.Single(errors);
        Assert.Equal("R002", error.Id);
        Assert.Equal("%u1_2 and u1:2 would both be u1_2 in the file", error.Message);
    }

    [Fact]
    public void An_executable_contains_all_that_it_uses()
    {
        ObjectModule module = new(s_x64);
        module.Define(HandAssembled.Name("main"), HandAssembled.Code(0xE8, 0, 0, 0, 0, 0xC3).Reloc(1, RelocationKind.X64CallPcRel4, "nobody", -4));
        Assert.True(module.TryFind(HandAssembled.Name("main"), out int entry));
        Assert.False(StaticExecutable.TryWrite(module, entry, out _, out IReadOnlyList<LinkError> errors));
        Assert.Equal("R001: Undeclared symbol %nobody is referenced by %main; a static executable contains all that it uses", Assert.Single(errors).ToString());
        Assert.True(RelocatableObject.TryWrite(module, out _, out _));
    }

    [Theory]
    [InlineData("i64, i64, i64", "")]
    [InlineData("i64", "")]
    [InlineData("i16, i64", "")]
    [InlineData("", "f32")]
    [InlineData("", "i128")]
    [InlineData("", "i32, i32")]
    public void A_program_cannot_begin_with_just_any_function(string parameters, string results)
    {
        Signature signature = new(CallConv.SystemV);
        signature.Params.AddRange(Types(parameters));
        signature.Returns.AddRange(Types(results));
        bool started = StartCode.TryDefine(new(s_x64), signature, NoCompiler, out _, out string problem);
        Assert.False(started);
        Assert.StartsWith("an executable begins with a function %main that takes nothing or (argc", problem, StringComparison.Ordinal);
        Assert.Contains(signature.ToString(), problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_segment_is_writable_and_executable_and_no_two_share_a_page_in_memory(bool arm)
    {
        List<(uint Flags, ulong Offset, ulong Address, ulong Size)> segments = Segments(DataProgram(arm ? s_arm64 : s_x64));
        Assert.Equal([4 | Execute, 4u, 4 | Write], segments.ConvertAll(segment => segment.Flags));
        ulong page = arm ? 0x1_0000ul : 0x1000ul, end = 0;
        foreach ((_, ulong offset, ulong address, ulong size) in segments)
        {
            Assert.Equal(offset % page, address % page);
            Assert.True(address / page > end / page);
            end = address + size - 1;
        }
    }

    [Fact]
    public void An_executable_reads_and_writes_its_data()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && TargetTriple.Host.Architecture == TargetArchitecture.X64, "executables are for Linux on x86-64");
        string path = Path.Combine(AppContext.BaseDirectory, $"data-{Environment.ProcessId}");
        try
        {
            File.WriteAllBytes(path, DataProgram(s_x64));
            MakeExecutable(path);
            using Process process = Process.Start(path);
            process.WaitForExit();
            Assert.Equal(42, process.ExitCode);
        }
        finally
        {
            File.Delete(path);
        }
    }

    internal static void MakeExecutable(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    // Exits with the byte at *table[0] + 2, written to `variable` on the way.
    private static byte[] DataProgram(TargetTriple triple)
    {
        ObjectModule module = new(triple);
        ExternalName start = HandAssembled.Name("start"), table = HandAssembled.Name("table"), answer = HandAssembled.Name("answer"), variable = HandAssembled.Name("variable");
        if (triple.Architecture == TargetArchitecture.X64)
        {
            module.Define(start, HandAssembled.Code(
                0x48, 0x8B, 0x05, 0, 0, 0, 0,                  // mov rax, [rip+table]
                0x8A, 0x08,                                    // mov cl, [rax]
                0x80, 0xC1, 0x02,                              // add cl, 2
                0x48, 0x8B, 0x05, 0, 0, 0, 0,                  // mov rax, [slot of variable]
                0x88, 0x08,                                    // mov [rax], cl
                0x0F, 0xB6, 0x38,                              // movzx edi, byte [rax]
                0xB8, 60, 0, 0, 0,                             // mov eax, 60
                0x0F, 0x05)                                    // syscall
                .Reloc(3, RelocationKind.X64PcRel4, "table", -4)
                .Reloc(15, RelocationKind.X64GotPcRel4, "variable", -4));
        }
        else
        {
            module.Define(start, HandAssembled.Code(0, 0, 0, 0));
        }

        module.DefineData(answer, [40], alignment: 1);
        module.DefineData(table, new byte[8], alignment: 8, relocations: [new(0, RelocationKind.Abs8, answer, 0)]);
        module.DefineData(variable, [0], isWritable: true);
        Assert.True(module.TryFind(start, out int entry));
        Assert.True(StaticExecutable.TryWrite(module, entry, out byte[] file, out IReadOnlyList<LinkError> errors), string.Join("; ", errors));
        return file;
    }

    private static List<(uint Flags, ulong Offset, ulong Address, ulong Size)> Segments(byte[] file)
    {
        List<(uint, ulong, ulong, ulong)> segments = [];
        int first = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(32)), count = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(56));
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = file.AsSpan(first + (56 * i));
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) == 1)
            {
                segments.Add((BinaryPrimitives.ReadUInt32LittleEndian(header[4..]), BinaryPrimitives.ReadUInt64LittleEndian(header[8..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(header[16..]), BinaryPrimitives.ReadUInt64LittleEndian(header[40..])));
            }
        }

        return segments;
    }

    private static List<AbiParam> Types(string names)
    {
        List<AbiParam> types = [];
        foreach (string name in names.Split(", ", StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.True(IrType.TryParse(name, out IrType type));
            types.Add(new(type));
        }

        return types;
    }

    private static bool NoCompiler(Function function, out CompiledCode code, out string problem) => throw new InvalidOperationException();

    private static TargetTriple Triple(string text) => TargetTriple.TryParse(text, out TargetTriple triple) ? triple : throw new ArgumentException(text);
}
