// Advanced SIMD forms against qemu; in a class of their own, so that they run beside the others.
using MiniJit.Backend.Arm64;
using Xunit;

namespace MiniJit.Coherence.Tests.Fidelity;

public sealed class VectorFidelityTests
{
    public static TheoryData<string> Forms => Comparison.Forms(A64Form.ShaddVec, A64Form.FirstPseudo);

    [Theory]
    [MemberData(nameof(Forms))]
    public void Machine_and_qemu_agree(string form) => Comparison.MachineAndQemuAgree(form);
}
