// How a static executable begins and ends. The kernel enters `_start` with nothing but a stack: argc at its pointer, argv behind it. A handful
// of instructions hand that pointer to a function that is CLIF, compiled by whatever compiled the program, which calls `%main` in the convention that
// it was compiled with; its result is the exit status.
//
//   function %_start.main(i64) -> i32 system_v {
//   block0(v0: i64):
//       v1 = load.i64 notrap little v0             ; argc
//       v2 = iadd v0, 8                            ; argv
//       v3 = call %main(v1, v2)
//       return v3
//   }
using System;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.IR.Building;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;

namespace MiniJit.Runtime.Objects;

internal static class StartCode
{
    private static readonly MemFlags s_stack = MemFlags.Default.WithNotrap().WithLittle();

    /// <summary>The function that the program consists of.</summary>
    public static ExternalName Main { get; } = ExternalName.Symbol("main");

    private static ExternalName Entry { get; } = ExternalName.Symbol("_start");

    private static ExternalName Adapter { get; } = ExternalName.Symbol("_start.main");

    /// <summary>Whether a signature is one that an executable can begin with.</summary>
    public static bool CanStart(Signature main)
    {
        bool takes = main.Params.Count == 0
            || (main.Params.Count == 2 && main.Params[0].Type is var argc && (argc == IrType.I32 || argc == IrType.I64) && main.Params[1].Type == IrType.I64);
        bool gives = main.Returns.Count == 0 || (main.Returns.Count == 1 && main.Returns[0].Type.IsInt && main.Returns[0].Type.Bits <= 64);
        return takes && gives;
    }

    /// <summary>Adds the code that calls <see cref="Main"/> and exits.</summary>
    /// <param name="module">A module that defines it.</param>
    /// <param name="main">Its signature; null if there is no such function.</param>
    /// <param name="compiler">What compiled it.</param>
    /// <param name="entry">The symbol where execution begins.</param>
    /// <param name="problem">Why there is no program; empty if there is.</param>
    public static bool TryDefine(ObjectModule module, Signature? main, FunctionCompiler compiler, out int entry, out string problem)
    {
        entry = -1;
        if (main is null || !CanStart(main))
        {
            string found = main is null ? "there is none" : $"it is {main}";
            problem = $"an executable begins with a function %main that takes nothing or (argc: i32 or i64, argv: i64) and returns nothing or an integer up to i64; {found}";
            return false;
        }

        Function adapter = BuildAdapter(main);
        if (!compiler(adapter, out CompiledCode code, out problem))
        {
            problem = $"{Adapter}: {problem}";
            return false;
        }

        module.Define(Adapter, code);
        DefineEntry(module);
        return module.TryFind(Entry, out entry);
    }

    private static Function BuildAdapter(Signature main)
    {
        Function function = new(Adapter, CallConv.SystemV);
        function.Signature.Params.Add(new(IrType.I64));
        function.Signature.Returns.Add(new(IrType.I32));
        FunctionBuilder builder = new(function);
        Value stack = builder.Param(builder.CreateEntry(), 0);
        List<Value> arguments = [];
        if (main.Params.Count > 0)
        {
            arguments.Add(builder.Load(main.Params[0].Type, s_stack, stack, 0));
            arguments.Add(builder.Iadd(stack, builder.Iconst(IrType.I64, 8)));
        }

        FuncRef callee = function.AddFunction(new(Main, function.AddSignature(main), IsColocated: true));
        Inst call = builder.Call(callee, arguments.ToArray());
        Value status = main.Returns.Count == 0 ? builder.Iconst(IrType.I32, 0)
            : main.Returns[0].Type is { Bits: < 32 } ? builder.Uextend(IrType.I32, builder.Result(call))
            : main.Returns[0].Type is { Bits: > 32 } ? builder.Ireduce(IrType.I32, builder.Result(call))
            : builder.Result(call);
        builder.Return(status);
        builder.Finish();
        return function;
    }

    private static void DefineEntry(ObjectModule module)
    {
        StubWriter code = new();
        bool isArm = module.Triple.Architecture == TargetArchitecture.Arm64;
        int call = isArm ? WriteArm64(code) : WriteX64(code);
        Relocation toAdapter = isArm
            ? new(call, RelocationKind.Arm64Call, Adapter, 0)
            : new(call, RelocationKind.X64CallPcRel4, Adapter, -4);
        module.DefineCode(Entry, code.Finish(), [toAdapter]);
    }

    // The psABI's process start: rsp is 16-aligned, everything else is unspecified.
    private static int WriteX64(StubWriter code)
    {
        code.Emit(0x31, 0xED);                        // xor ebp, ebp            the outermost frame
        code.Emit(0x48, 0x89, 0xE7);                  // mov rdi, rsp
        code.Emit(0xE8);                              // call adapter
        int place = code.Offset;
        code.Emit32(0);
        code.Emit(0x89, 0xC7);                        // mov edi, eax
        code.Emit(0xB8, 231, 0, 0, 0);                // mov eax, 231            exit_group
        code.Emit(0x0F, 0x05);                        // syscall
        code.Emit(0x0F, 0x0B);                        // ud2
        return place;
    }

    private static int WriteArm64(StubWriter code)
    {
        code.Emit32(0xD503_245F);                     // bti c                   a no-op where there is none
        code.Emit32(0xD280_001D);                     // mov x29, #0             the outermost frame
        code.Emit32(0xD280_001E);                     // mov x30, #0
        code.Emit32(0x9100_03E0);                     // mov x0, sp
        int place = code.Offset;
        code.Emit32(0x9400_0000);                     // bl adapter
        code.Emit32(0xD280_0BC8);                     // mov x8, #94             exit_group
        code.Emit32(0xD400_0001);                     // svc #0
        code.Emit32(0x0000_0000);                     // udf #0
        return place;
    }
}
