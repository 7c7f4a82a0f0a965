// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ITestigoRegistry} from "../ITestigoRegistry.sol";

/// @title Who may do what
/// @dev Roles admit facts; none edits one. There is one administrator, handed over in two steps and after a delay, so
/// that a stolen administrator key can be seen before it counts. No role, the administrator's included, can move,
/// shrink or replace the head of a log.
abstract contract Roles is AccessControlDefaultAdminRules, EIP712, ITestigoRegistry {
    /// @notice Approves datasets, by signature.
    bytes32 public constant CUSTODIAN_ROLE = keccak256("CUSTODIAN_ROLE");
    /// @notice Registers models.
    bytes32 public constant PUBLISHER_ROLE = keccak256("PUBLISHER_ROLE");
    /// @notice Opens logs.
    bytes32 public constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");
    /// @notice Puts single detections on chain.
    bytes32 public constant RECORDER_ROLE = keccak256("RECORDER_ROLE");
    /// @notice Publishes verdicts.
    bytes32 public constant AUDITOR_ROLE = keccak256("AUDITOR_ROLE");
    /// @notice Revokes anybody's dataset or model and freezes logs: the brake, without a way to approve anything.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");

    constructor(
        address admin,
        uint48 adminDelaySeconds
    ) AccessControlDefaultAdminRules(adminDelaySeconds, admin) EIP712("TestigoRegistry", "1") {}

    /// @dev Checks an EIP-712 signature of an account or of a contract wallet (ERC-1271). The domain binds the chain and
    /// this contract, so a signature given to one registry says nothing to another.
    function _requireSignature(
        address signer,
        bytes32 structHash,
        uint256 deadline,
        bytes calldata signature
    ) internal view {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, _hashTypedDataV4(structHash), signature)) {
            revert SignatureInvalid(signer);
        }
    }

    /// @dev The owner of a fact may withdraw it, and so may a guardian.
    function _requireOwnerOrGuardian(address owner) internal view {
        if (msg.sender != owner && !hasRole(GUARDIAN_ROLE, msg.sender)) revert NotAllowed(msg.sender);
    }
}
