using MiniJit.Codegen;
using MiniJit.IR;

namespace MiniJit.Runtime.Invocation;

/// <summary>
/// Compiles one function for the machine that will run it. This is all the runtime knows about a backend. The
/// code may belong to the compiler and be overwritten by its next use; whoever calls copies it first.
/// </summary>
/// <param name="function">What to compile; not used afterwards.</param>
/// <param name="code">The machine code, on success.</param>
/// <param name="problem">Why it cannot be compiled, otherwise.</param>
public delegate bool FunctionCompiler(Function function, out CompiledCode code, out string problem);
