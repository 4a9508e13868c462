// From a signature to a way of calling: one trampoline per distinct signature, compiled once and kept.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.IR.Building;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;

namespace MiniJit.Runtime.Invocation;

/// <summary>
/// Lets the host call compiled functions of any signature. Make one per heap and compiler settings, and keep it as long
/// as functions are called through it. Thread-safe; the compiler is used by one thread at a time.
/// </summary>
public sealed class HostCaller : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Signature, JitFunction> _trampolines = [];
    private readonly Function _scratch = new(default);
    private readonly FunctionBuilder _builder;
    private readonly FunctionCompiler _compiler;
    private readonly JitModule _module;

    /// <summary>Creates a caller without trampolines.</summary>
    /// <param name="heap">Where trampolines live.</param>
    /// <param name="compiler">Compiles them; for the same machine and with the same settings as the functions that will be called.</param>
    public HostCaller(CodeHeap heap, FunctionCompiler compiler)
    {
        ArgumentNullException.ThrowIfNull(compiler);
        _compiler = compiler;
        _builder = new(_scratch);
        _module = new(heap);
    }

    /// <summary>The convention of native code in this process.</summary>
    public static CallConv HostConvention { get; } = OperatingSystem.IsWindows() ? CallConv.WindowsFastcall
        : OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? CallConv.AppleAarch64
        : CallConv.SystemV;

    /// <summary>Prepares calls of one function.</summary>
    /// <param name="function">A function that is published, or will be when it is called.</param>
    /// <param name="signature">The signature it was compiled with.</param>
    /// <param name="callable">The way to call it.</param>
    /// <param name="problem">Why it cannot be called.</param>
    public bool TryBind(JitFunction function, Signature signature, out HostCallable callable, out string problem)
    {
        ArgumentNullException.ThrowIfNull(function);
        callable = default;
        if (!TryPrepare([signature], out problem))
        {
            return false;
        }

        lock (_lock)
        {
            callable = new(function, _trampolines[signature], Math.Max(signature.Params.Count, signature.Returns.Count));
            return true;
        }
    }

    /// <summary>
    /// Compiles the trampolines of several signatures and publishes them together, which is cheaper than one by one.
    /// Those that are there already cost nothing.
    /// </summary>
    /// <param name="signatures">The signatures; they may repeat.</param>
    /// <param name="problem">The first thing that went wrong; the other trampolines are usable.</param>
    public bool TryPrepare(ReadOnlySpan<Signature> signatures, out string problem)
    {
        problem = "";
        lock (_lock)
        {
            List<(Signature Signature, JitFunction Trampoline)> added = [];
            foreach (Signature signature in signatures)
            {
                if (!_trampolines.ContainsKey(signature) && !TryDefine(signature, added, out string reason) && problem.Length == 0)
                {
                    problem = reason;
                }
            }

            if (added.Count > 0 && !_module.TryPublish(out IReadOnlyList<LinkError> errors))
            {
                problem = errors[0].ToString();
                foreach ((Signature signature, _) in added)
                {
                    _trampolines.Remove(signature);
                }
            }
        }

        return problem.Length == 0;
    }

    /// <summary>Frees the trampolines. No call may begin afterwards.</summary>
    public void Dispose() => _module.Dispose();

    private bool TryDefine(Signature signature, List<(Signature, JitFunction)> added, out string problem)
    {
        if (!TrampolineBuilder.CanPass(signature, out problem))
        {
            return false;
        }

        // A copy: the caller may go on changing its own.
        Signature own = new(signature.CallConv);
        own.CopyFrom(signature);
        _scratch.Clear();
        ExternalName name = ExternalName.Symbol($"trampoline{own}");
        TrampolineBuilder.Build(_scratch, _builder, name, own, HostConvention);
        if (!_compiler(_scratch, out CompiledCode code, out problem))
        {
            problem = $"no trampoline for {own}: {problem}";
            return false;
        }

        JitFunction trampoline = _module.Define(name, code);
        _trampolines.Add(own, trampoline);
        added.Add((own, trampoline));
        problem = "";
        return true;
    }
}

/// <summary>A function together with the trampoline for its signature. Valid as long as both live. Thread-safe.</summary>
public readonly struct HostCallable
{
    private readonly JitFunction? _function, _trampoline;

    internal HostCallable(JitFunction function, JitFunction trampoline, int slots)
    {
        _function = function;
        _trampoline = trampoline;
        SlotCount = slots;
    }

    /// <summary>The function.</summary>
    public JitFunction Function => _function ?? throw new InvalidOperationException("Nothing is bound.");

    /// <summary>Number of values that a call needs: arguments or results, whichever are more.</summary>
    public int SlotCount { get; }

    /// <summary>
    /// Calls the function. Argument i lies in the low bytes of <paramref name="values"/>[i], and so does result i afterwards,
    /// unless the call trapped. Upper bytes of arguments are ignored, those of results keep what they were.
    /// Calls may nest: compiled code may call host functions that call compiled code.
    /// </summary>
    /// <returns>How the call ended.</returns>
    /// <exception cref="ArgumentException">There are fewer values than <see cref="SlotCount"/>.</exception>
    /// <exception cref="InvalidOperationException">The function is not published.</exception>
    public unsafe TrapInfo Invoke(Span<UInt128> values)
    {
        JitFunction function = Function;
        if (values.Length < SlotCount)
        {
            throw new ArgumentException($"{function.Name} needs {SlotCount} values.", nameof(values));
        }

        fixed (UInt128* slots = values)
        {
            return NativeInvoker.Invoke(_trampoline!.Address, function, slots);
        }
    }
}
