// What compiled code needs at run time to throw exceptions: a table of handlers, the routine that looks for one, and the few instructions that go
// on in it. All three are definitions of the module that throws, linked and published like its functions, so they are the same in
// this process, in the simulated machine and in an executable, and no host code takes part in a throw.
//
// The routine is CLIF, compiled by whatever target compiles the module. It follows the chain of frame pointers from the thrower towards a frame
// that the caller names, looks every return address up in the table, and takes the first handler of the tag, or for all tags, in
// the order of the call's exception table. If there is none it traps.
//
// The table (8-byte words, little-endian) is a word with the size of the rest in bytes and an entry of 32 bytes per handler:
//
//    0  return address of the call       8  address of the handler       16  from the stack pointer up to the frame pointer
//   24  tag, or ~0 for all tags; a tag has 32 bits
//
// Lookup is a walk over the table per frame: throwing is rare here, and what it costs nobody else pays for.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Objects;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Exceptions;

/// <summary>Collects the handlers of a module's functions and writes what a module that throws needs besides. Used by one thread.</summary>
internal sealed class ExceptionSupport
{
    private const int HeaderSize = sizeof(ulong), EntrySize = 32;

    // {0} is the host's convention; {1} keeps what is an address in a saved return address, which may be signed (FEAT_PAuth).
    private const string ThrowText = """
        function %__cranelift_throw(i64, i64, i64, i32, i64, i64) {0} {{
            gv0 = symbol colocated %__minijit_handlers
            sig0 = (i64, i64, i64, i64, i64) system_v
            fn0 = colocated %__minijit_resume sig0

        block0(v0: i64, v1: i64, v2: i64, v3: i32, v4: i64, v5: i64):
            v6 = uextend.i64 v3
            v7 = symbol_value.i64 gv0
            v8 = load.i64 notrap aligned readonly v7
            v30 = iconst.i64 8
            v9 = iadd v7, v30
            v10 = iadd v9, v8
            jump block1(v1, v2)

        block1(v11: i64, v12: i64):
            v13 = iconst.i64 {1}
            v14 = band v12, v13
            jump block2(v9)

        block2(v15: i64):
            v16 = icmp ult v15, v10
            brif v16, block3, block7

        block3:
            v17 = load.i64 notrap aligned readonly v15
            v18 = icmp eq v17, v14
            brif v18, block4, block6

        block4:
            v19 = load.i64 notrap aligned readonly v15+24
            v31 = iconst.i64 -1
            v20 = icmp eq v19, v31
            brif v20, block8, block5

        block5:
            v21 = icmp eq v19, v6
            brif v21, block8, block6

        block6:
            v32 = iconst.i64 32
            v22 = iadd v15, v32
            jump block2(v22)

        block7:
            v23 = load.i64 notrap aligned v11+8
            v24 = load.i64 notrap aligned v11
            v25 = icmp eq v11, v0
            trapnz v25, user250
            v26 = icmp ugt v24, v11
            trapz v26, user250
            jump block1(v24, v23)

        block8:
            v27 = load.i64 notrap aligned readonly v15+8
            v28 = load.i64 notrap aligned readonly v15+16
            v29 = isub v11, v28
            call fn0(v27, v29, v11, v4, v5)
            trap user250
        }}
        """;

    private static readonly CompositeFormat s_throwText = CompositeFormat.Parse(ThrowText);

    private const string WholeAddress = "-1", SignedAddress = "0xffff_ffff_ffff";

    private static readonly ExternalName
        s_throw = ExternalName.Symbol("__cranelift_throw"), s_table = ExternalName.Symbol("__minijit_handlers"), s_resume = ExternalName.Symbol("__minijit_resume");

    private readonly List<Entry> _entries = [];
    private bool _isMentioned, _isDefined;

    private readonly record struct Entry(ExternalName Function, int ReturnOffset, int HandlerOffset, int FramePointerOffset, ulong Tag);

    /// <summary>Notes the handlers of a function of the module.</summary>
    public void Add(ExternalName function, CompiledCode code)
    {
        foreach (CallSite site in code.CallSites)
        {
            foreach (ExceptionHandler handler in code.HandlersOf(site))
            {
                if (handler.Kind != ExceptionItemKind.Context)
                {
                    ulong tag = handler.Kind == ExceptionItemKind.Default ? ulong.MaxValue : handler.Tag;
                    _entries.Add(new(function, site.ReturnOffset, handler.Offset, code.FramePointerOffset, tag));
                }
            }
        }

        foreach (Relocation relocation in code.Relocations)
        {
            _isMentioned |= relocation.Target == s_throw;
        }

        _isDefined |= function == s_throw;
    }

    /// <summary>Defines what throwing takes, if any function of the module mentions <c>%__cranelift_throw</c> and none is it.</summary>
    /// <param name="module">Has all the functions.</param>
    /// <param name="target">What they were compiled for.</param>
    /// <param name="compile">Compiles for it.</param>
    /// <param name="problem">Why not; empty on success.</param>
    public bool TryDefine(JitModule module, Target target, FunctionCompiler compile, out string problem) => TryDefine(
        target, compile, (name, bytes, relocations) => module.DefineData(name, bytes, relocations: relocations), (name, code) => module.Define(name, code), out problem);

    /// <summary>The same for a module that goes into a file.</summary>
    public bool TryDefine(ObjectModule module, Target target, FunctionCompiler compile, out string problem) => TryDefine(
        target, compile, (name, bytes, relocations) => module.DefineData(name, bytes, relocations: relocations), (name, code) => module.Define(name, code), out problem);

    private bool TryDefine(
        Target target, FunctionCompiler compile, Action<ExternalName, byte[], Relocation[]> defineData, Action<ExternalName, CompiledCode> define, out string problem)
    {
        problem = "";
        if (!_isMentioned || _isDefined)
        {
            return true;
        }

        defineData(s_table, WriteTable(out Relocation[] relocations), relocations);
        define(s_resume, WriteResume(target));
        if (!compile(ReadThrow(target), out CompiledCode code, out problem))
        {
            return false;
        }

        define(s_throw, code);
        return true;
    }

    private byte[] WriteTable(out Relocation[] relocations)
    {
        byte[] table = new byte[HeaderSize + (EntrySize * _entries.Count)];
        relocations = new Relocation[2 * _entries.Count];
        BinaryPrimitives.WriteInt64LittleEndian(table, EntrySize * _entries.Count);
        for (int i = 0; i < _entries.Count; i++)
        {
            Entry entry = _entries[i];
            int offset = HeaderSize + (EntrySize * i);
            relocations[2 * i] = new(offset, RelocationKind.Abs8, entry.Function, entry.ReturnOffset);
            relocations[(2 * i) + 1] = new(offset + 8, RelocationKind.Abs8, entry.Function, entry.HandlerOffset);
            BinaryPrimitives.WriteInt64LittleEndian(table.AsSpan(offset + 16), entry.FramePointerOffset);
            BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(offset + 24), entry.Tag);
        }

        return table;
    }

    private static Function ReadThrow(Target target)
    {
        string mask = target.Triple.Architecture == TargetArchitecture.Arm64 ? SignedAddress : WholeAddress;
        return Parser.Parse(string.Format(CultureInfo.InvariantCulture, s_throwText, target.DefaultCallConv.Text(), mask)).Functions[0].Function;
    }

    // Address, stack pointer, frame pointer and two words of payload: goes on there.
    private static CompiledCode WriteResume(Target target)
    {
        MachineTraits machine = MachineTraits.Of(target.Triple.Architecture == TargetArchitecture.Arm64 ? Architecture.Arm64 : Architecture.X64);
        CompiledCode code = new() { CodeSize = machine.ResumeStub.Length };
        code.Buffer.AddRange(machine.ResumeStub);
        return code;
    }
}
